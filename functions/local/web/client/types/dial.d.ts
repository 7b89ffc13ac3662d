import { Link } from './link.js';
export type DialOptions = {
    token?: string | (() => string | undefined | Promise<string | undefined>);
    timeoutMs: number;
    tokenTimeoutMs: number;
    WebSocket: any;
    reachable: (url: string) => Promise<boolean>;
};
/**
 * @typedef {object} DialOptions
 * @property {string | (() => string | undefined | Promise<string | undefined>)} [token]
 * @property {number} timeoutMs
 * @property {number} tokenTimeoutMs
 * @property {any} WebSocket
 * @property {(url: string) => Promise<boolean>} reachable
 */
/**
 * Whether an error of dial says that no other attempt can help.
 * @param {any} error
 */
export declare const isFinal: (error: any) => boolean;
export declare class Dialer {
    #private;
    /**
     * @param {URL} url
     * @param {DialOptions} options
     * @param {(message: import('./link.js').Frame) => void} listener gets what is pushed
     */
    constructor(url: URL, options: DialOptions, listener: (message: import('./link.js').Frame) => void);
    /** The service said that the token has ended. A function is asked for another. */
    tokenEnded(): void;
    /**
     * Opens a connection and learns who it is.
     * @param {import('./time.js').Ending} ending
     * @returns {Promise<Link>}
     */
    dial(ending: import('./time.js').Ending): Promise<Link>;
}
/**
 * Whether something answers. No token goes there.
 * @param {string} url
 */
export declare function answers(url: string): Promise<boolean>;
