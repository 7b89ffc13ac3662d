/** Pauses, ends and chance, for all parts of the client. */
/** Milliseconds that only grow: the clock of the machine may be set back. */
export declare const now: () => number;
/** Timers fire at once whose time does not fit into 31 bits, which are 24 days. */
export declare const NEVER_MS: number;
/** What ends everything that waits, at once. It is an AbortSignal's work without its weight. */
export declare class Ending {
    /** Why it has ended; undefined while it has not. @type {Error | undefined} */
    reason: Error | undefined;
    /** What is called then. @type {Set<() => void>} */
    stops: Set<() => void>;
    /** @param {Error} [reason] if it has ended from the beginning */
    constructor(reason?: Error);
    /** @param {Error} reason */
    end(reason: Error): void;
}
/**
 * Waits for a promise, but not for ever; resolves with its value, or with undefined when the time is over. Rejects with
 * the reason of an ending or a signal.
 * @template T
 * @param {number} milliseconds
 * @param {Promise<T>} promise
 * @param {Ending} [ending]
 * @param {AbortSignal} [signal]
 * @returns {Promise<T | undefined>}
 */
export declare function atMost<T>(milliseconds: number, promise: Promise<T>, ending?: Ending, signal?: AbortSignal): Promise<T | undefined>;
/**
 * A promise that resolves later, or rejects as atMost does.
 * @param {number} milliseconds
 * @param {Ending} [ending]
 * @param {AbortSignal} [signal]
 */
export declare const pause: (milliseconds: number, ending?: Ending, signal?: AbortSignal) => Promise<any>;
/**
 * Lets so many at a time do something, in the order in which they came.
 * @param {number} places
 * @returns {<T>(act: () => Promise<T>) => Promise<T>}
 */
export declare function atATime(places: number): <T>(act: () => Promise<T>) => Promise<T>;
/**
 * A random time between two: so that clients which lost their connections together do not return together.
 * @param {number} from
 * @param {number} to
 */
export declare function jitter(from: number, to: number): number;
/**
 * Full jitter: a random time up to a ceiling that doubles with every attempt, from half a second to a minute.
 * @param {number} attempt
 */
export declare function backoff(attempt: number): number;
/** A key of 32 random characters, by which the service recognises a repetition. */
export declare function randomKey(): string;
