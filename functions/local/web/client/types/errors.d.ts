/** What goes wrong. */
/**
 * What went wrong. `code` is one of the protocol's (see asyncapi.yaml) or one of the client's own: "timeout" (no
 * answer came), "disconnected" (the connection ended before the answer came), "closed" (the client is closed),
 * "queue_full" (too much waits already), "invalid_token" (a token that cannot be sent, which the message does not
 * repeat) and "unsupported" (this machine has no WebSocket, or it takes no such address).
 */
export declare class WsEchoError extends Error {
    code: string;
    /** Whether the same request may succeed later without any change. */
    retryable: boolean;
    details: Record<string, any>;
    /** Names the request in the service's log. */
    requestId: string | undefined;
    /**
     * @param {string} code
     * @param {string} message
     * @param {{retryable?: boolean, details?: Record<string, any>, requestId?: string}} [more]
     */
    constructor(code: string, message: string, { retryable, details, requestId }?: {
        retryable?: boolean;
        details?: Record<string, any>;
        requestId?: string;
    });
}
/**
 * Turns an error frame, of the service or of API Gateway itself (which has no code), into an exception.
 * @param {Record<string, any>} frame
 */
export declare function refusal({ code, message, retryable, details, requestId }: Record<string, any>): WsEchoError;
/** @param {string} message */
export declare const disconnected: (message: string) => WsEchoError;
/** @param {string} message */
export declare const tooLate: (message: string) => WsEchoError;
