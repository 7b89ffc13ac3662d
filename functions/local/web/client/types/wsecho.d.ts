import { WsEchoError } from './errors.js';
import { Ending } from './time.js';
export * from './types.js';
export { WsEchoError };
export type Link = import('./link.js').Link;
export type Frame = import('./link.js').Frame;
export type Asking = {
    /**
     * one that has to be joined
     */
    room?: string;
    /**
     * after which it is given up
     */
    forMs?: number;
    /**
     * whether it must not happen twice
     */
    once?: boolean;
    signal?: AbortSignal;
    ending?: Ending;
};
/**
 * @typedef {import('./link.js').Link} Link
 * @typedef {import('./link.js').Frame} Frame
 * @typedef {object} Asking how to ask
 * @property {string} [room] one that has to be joined
 * @property {number} [forMs] after which it is given up
 * @property {boolean} [once] whether it must not happen twice
 * @property {AbortSignal} [signal]
 * @property {Ending} [ending]
 */
/** An EventTarget that knows the client's events. */
declare const Target: new <T>() => import('./types.js').Target<T>;
/**
 * A client of wsEcho. See the top of this file for its events.
 * @template [T=unknown] what applications send as data
 * @extends {Target<T>}
 */
export declare class WsEcho<T = unknown> extends Target<T> {
    #private;
    /**
     * @param {string | URL} url of the stage: wss://…
     * @param {import('./types.js').Options} [options]
     */
    constructor(url: string | URL, { user, token, timeoutMs, tokenTimeoutMs, pingMs, maxPending, reachable, WebSocket }?: import('./types.js').Options);
    /** "connecting", "open", "reconnecting", "failed" or "closed". */
    get state(): import("./types.js").State;
    /** The name under which others see this client; undefined before the first connection. @returns {string | undefined} */
    get user(): string | undefined;
    /**
     * The id of the connection in use, or of the last one; it changes with every reconnect.
     * @returns {string | undefined}
     */
    get connectionId(): string | undefined;
    /** Connects, and stays connected until close or a failure. Rooms that were joined before a failure are resumed. */
    connect(): void;
    /** Ends the connection. What waits rejects with "closed", what was sent and not answered with "disconnected". */
    close(): void;
    /**
     * Joins a room, and again after every reconnect until leave. Connect first.
     * @param {string} name
     * @param {{signal?: AbortSignal}} [options] signal: gives up a join that is not done yet
     * @returns {Promise<{members?: import('./types.js').Member[]}>} when the first page has been told; rejects if the
     *   service refuses
     */
    join(name: string, { signal }?: {
        signal?: AbortSignal;
    }): Promise<{
        members?: import('./types.js').Member[];
    }>;
    /**
     * Leaves a room.
     * @param {string} name
     */
    leave(name: string): Promise<void>;
    /**
     * Says something in a room. What is said in one room goes out in this order.
     * @param {string} name
     * @param {T} data any JSON, up to 32 KB with what is around it
     * @param {{key?: string, signal?: AbortSignal}} [options] key: 16 to 64 random characters, for an application that
     *   itself repeats. signal: gives up; what was sent already may be stored
     * @returns {Promise<import('./types.js').Said>} when it is stored
     */
    say(name: string, data: T, { key, signal }?: {
        key?: string;
        signal?: AbortSignal;
    }): Promise<import('./types.js').Said>;
    /**
     * Sends a direct message to all connections of a user, or to one connection.
     * @param {{user: string} | {connection: string}} to
     * @param {T} data
     * @param {{key?: string, signal?: AbortSignal}} [options]
     * @returns {Promise<import('./types.js').Sent>}
     */
    tell(to: {
        user: string;
    } | {
        connection: string;
    }, data: T, { key, signal }?: {
        key?: string;
        signal?: AbortSignal;
    }): Promise<import('./types.js').Sent>;
    /**
     * Sends data to everybody who is connected. Resolves as tell does.
     * @param {T} data
     * @param {{key?: string, signal?: AbortSignal}} [options]
     * @returns {Promise<import('./types.js').Sent>}
     */
    broadcast(data: T, { key, signal }?: {
        key?: string;
        signal?: AbortSignal;
    }): Promise<import('./types.js').Sent>;
    /**
     * Resolves with everybody in a room.
     * @param {string} name
     * @param {{signal?: AbortSignal}} [options]
     * @returns {Promise<import('./types.js').Member[]>}
     */
    who(name: string, { signal }?: {
        signal?: AbortSignal;
    }): Promise<import('./types.js').Member[]>;
    /**
     * Reads a page of a room's history: the messages before or after a number, or the newest.
     * @param {string} name
     * @param {{before?: number, after?: number, epoch?: string, limit?: number, signal?: AbortSignal}} [position]
     * @returns {Promise<import('./types.js').Page<T>>}
     */
    history(name: string, { signal, ...position }?: {
        before?: number;
        after?: number;
        epoch?: string;
        limit?: number;
        signal?: AbortSignal;
    }): Promise<import('./types.js').Page<T>>;
    /**
     * Asks for an echo of data. Resolves with it and with what the service knows of this connection.
     * @param {T} [data]
     * @param {{signal?: AbortSignal}} [options]
     * @returns {Promise<{data: T, connection: Record<string, string>}>}
     */
    echo(data?: T, { signal }?: {
        signal?: AbortSignal;
    }): Promise<{
        data: T;
        connection: Record<string, string>;
    }>;
    /**
     * Sends an action that this client does not know, such as an extension's, and resolves with its reply. It is repeated
     * as a say is, with a key, until it is answered.
     * @param {string} action
     * @param {Record<string, any>} [fields] of the message, beside action, id, key and room
     * @param {{room?: string, signal?: AbortSignal}} [options] room: one that has to be joined, and is sent as a field
     * @returns {Promise<Record<string, any>>}
     */
    request(action: string, fields?: Record<string, any>, { room, signal }?: {
        room?: string;
        signal?: AbortSignal;
    }): Promise<Record<string, any>>;
    /** Looks whether the connection still works and nothing was missed, as it does by itself on waking up. */
    check(): Promise<void>;
}
