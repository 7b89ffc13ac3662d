/** What goes wrong. */

/**
 * What went wrong. `code` is one of the protocol's (see asyncapi.yaml) or one of the client's own: "timeout" (no
 * answer came), "disconnected" (the connection ended before the answer came), "closed" (the client is closed),
 * "queue_full" (too much waits already), "invalid_token" (a token that cannot be sent, which the message does not
 * repeat) and "unsupported" (this machine has no WebSocket, or it takes no such address).
 */
export class WsEchoError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {{retryable?: boolean, details?: Record<string, any>, requestId?: string}} [more]
   */
  constructor(code, message, { retryable = false, details = {}, requestId } = {}) {
    super(message);
    this.name = 'WsEchoError';
    this.code = code;
    /** Whether the same request may succeed later without any change. */
    this.retryable = retryable;
    this.details = details;
    /** Names the request in the service's log. */
    this.requestId = requestId;
  }
}

/**
 * Turns an error frame, of the service or of API Gateway itself (which has no code), into an exception.
 * @param {Record<string, any>} frame
 */
export function refusal({ code = 'internal', message = 'no message', retryable, details, requestId }) {
  return new WsEchoError(code, message, { retryable, details, requestId });
}

/** @param {string} message */
export const disconnected = (message) => new WsEchoError('disconnected', message, { retryable: true });

/** @param {string} message */
export const tooLate = (message) => new WsEchoError('timeout', message, { retryable: true });
