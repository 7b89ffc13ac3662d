export type Frame = Record<string, any>;
export type Asked = {
    /**
     * whether another answer would cost nothing: it is what finds out about others
     */
    small: boolean;
    text: string;
    resolve: (answer: Frame) => void;
    reject: (error: Error) => void;
    /**
     * when it was sent first
     */
    firstAt: number;
    /**
     * when it was sent last
     */
    sentAt: number;
    /**
     * how often its answer was not there
     */
    looks: number;
    timer?: ReturnType<typeof setTimeout>;
};
/**
 * @typedef {Record<string, any>} Frame
 * @typedef {object} Asked
 * @property {boolean} small whether another answer would cost nothing: it is what finds out about others
 * @property {string} text
 * @property {(answer: Frame) => void} resolve
 * @property {(error: Error) => void} reject
 * @property {number} firstAt when it was sent first
 * @property {number} sentAt when it was sent last
 * @property {number} looks how often its answer was not there
 * @property {ReturnType<typeof setTimeout>} [timer]
 */
/** A connection. Its events come through the function and the promises that it has. */
export declare class Link {
    #private;
    /** What the service said of this connection; set by whoever asked for it. @type {Frame} */
    welcome: Frame;
    /** Whether messages can be sent. */
    open: boolean;
    /** Whether it ended without having been open, and the status of the refusal where the platform tells. */
    refused: boolean;
    status: number;
    /** Resolves when the connection has ended, for whatever reason. @type {Promise<void>} */
    closed: Promise<void>;
    /** Resolves when it is open; rejects if it ends before. @type {Promise<void>} */
    opened: Promise<void>;
    /**
     * @param {any} socket a WebSocket that is still connecting
     * @param {number} timeoutMs
     * @param {(message: Frame) => void} listener gets everything that is no answer to a question
     */
    constructor(socket: any, timeoutMs: number, listener: (message: Frame) => void);
    /**
     * Sends a message, and waits for its answer. Rejects with the service's refusal, with "timeout", with "disconnected",
     * or as atMost does.
     * @param {Frame} message action and fields, without id
     * @param {number} [milliseconds]
     * @param {import('./time.js').Ending} [ending]
     * @param {AbortSignal} [signal]
     * @returns {Promise<Frame>}
     */
    ask(message: Frame, milliseconds?: number, ending?: import('./time.js').Ending, signal?: AbortSignal): Promise<Frame>;
    /** Finds out whether the other side is still there: gives the connection up if nothing at all comes in time. */
    probe(): Promise<void>;
    /** Gives up on the connection at once: a dead one takes minutes to notice by itself. */
    drop(): void;
    /** Closes the connection when its questions are answered, or nothing comes any more. */
    retire(): Promise<void>;
}
