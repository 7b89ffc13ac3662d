/**
 * One WebSocket to wsEcho: questions with correlation ids and time-outs, answers as promises. It never reconnects;
 * that is what WsEcho does, in wsecho.js.
 */

import { atMost } from './time.js';

/** The largest frame that API Gateway takes; a larger one closes the connection with 1009. */
const FRAME_BYTES = 32 * 1024;

/**
 * What went wrong. `code` is one of the protocol's (see asyncapi.yaml) or one of the client's own: "timeout" (no
 * answer came), "disconnected" (the connection ended before the answer came), "closed" (the client was closed) and
 * "invalid_token" (a token that cannot be sent, which the message does not repeat).
 */
export class WsEchoError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {{retryable?: boolean, details?: object, requestId?: string}} [more]
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

/** A connection. Its events come through the two functions it is made with. */
export class Link {
  #socket;
  #timeoutMs;
  #listener;
  #waiting = new Map(); // Correlation id -> {resolve, reject, timer}.
  #lastId = 0;
  #closed = resolvers();
  #idle = [];

  /** What the service said of this connection; set by whoever asked for it. */
  welcome;
  /** Whether messages can be sent. */
  open = false;
  /** When it opened, by this machine's clock. */
  openedAt = 0;

  /**
   * @param {WebSocket} socket one that is still connecting
   * @param {{timeoutMs: number, onMessage: (message: object, link: Link) => void}} options onMessage gets everything
   *   that is no answer to a question
   */
  constructor(socket, { timeoutMs, onMessage }) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    this.#listener = onMessage;
    this.opened = new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.drop(), timeoutMs);
      socket.onopen = () => {
        clearTimeout(timer);
        this.open = true;
        this.openedAt = Date.now();
        resolve();
      };
      this.closed.then(() => {
        clearTimeout(timer);
        reject(new WsEchoError('disconnected', 'the connection could not be opened', { retryable: true }));
      });
    });
    this.opened.catch(() => {}); // Whoever waits for it is told; nobody has to.
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = () => this.#end();
    socket.onerror = () => {}; // A close follows, which says as much.
  }

  /** Resolves when the connection has ended, for whatever reason. */
  get closed() {
    return this.#closed.promise;
  }

  /**
   * Sends a message once and waits for its answer. Rejects with the service's refusal, with "timeout", or with
   * "disconnected".
   * @param {object} message action and fields, without id
   * @param {number} [timeoutMs]
   * @returns {Promise<object>}
   */
  ask(message, timeoutMs = this.#timeoutMs) {
    return new Promise((resolve, reject) => {
      if (!this.open) {
        reject(new WsEchoError('disconnected', 'the connection is not open', { retryable: true }));
        return;
      }
      const id = String(++this.#lastId);
      const text = JSON.stringify({ ...message, id });
      if (new TextEncoder().encode(text).length > FRAME_BYTES) {
        reject(new WsEchoError('payload_too_large', `a message may have ${FRAME_BYTES} bytes in all`));
        return;
      }
      const timer = setTimeout(() => {
        this.#settle(id)?.reject(new WsEchoError('timeout', `no answer to ${message.action} came`, { retryable: true }));
      }, timeoutMs);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#socket.send(text);
    });
  }

  /** Gives up on the connection at once: a dead one takes minutes to notice by itself. */
  drop() {
    this.#socket.close();
    this.#end();
  }

  /** Closes the connection when its questions are answered, or after the time that an answer may take. */
  async retire() {
    if (this.#waiting.size > 0) await atMost(this.#timeoutMs, new Promise((resolve) => this.#idle.push(resolve)));
    this.drop();
  }

  #receive(text) {
    const message = parse(text);
    if (message === undefined) return;
    const asked = message.id === undefined ? undefined : this.#settle(message.id);
    if (!asked) {
      // An answer that nobody waits for any more belongs to a question that was asked again.
      if (message.id === undefined) this.#listener(message, this);
    } else if (message.type === 'error') {
      asked.reject(refusal(message));
    } else {
      asked.resolve(message);
    }
  }

  #settle(id) {
    const asked = this.#waiting.get(id);
    if (!asked) return undefined;
    clearTimeout(asked.timer);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#idle.splice(0).forEach((resolve) => resolve());
    return asked;
  }

  #end() {
    this.open = false;
    for (const id of [...this.#waiting.keys()]) {
      this.#settle(id).reject(new WsEchoError('disconnected', 'the connection ended before the answer came', { retryable: true }));
    }
    this.#closed.resolve();
  }
}

/** Turns an error frame, of the service or of API Gateway itself (which has no code), into an exception. */
export function refusal(message) {
  const { code = 'internal', message: text = 'an error without a message', retryable, details, requestId } = message;
  return new WsEchoError(code, text, { retryable, details, requestId });
}

function parse(text) {
  try {
    const message = JSON.parse(text);
    return message !== null && typeof message === 'object' ? message : undefined;
  } catch {
    return undefined; // Nothing that this protocol has.
  }
}

/** A promise with the functions that settle it. */
function resolvers() {
  const all = {};
  all.promise = new Promise((resolve, reject) => Object.assign(all, { resolve, reject }));
  return all;
}
