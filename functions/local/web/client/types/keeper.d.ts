/** Keeps one connection: opens it again when it breaks, and replaces it before it ends. */
import { Dialer } from './dial.js';
import { Ending } from './time.js';
export type Link = import('./link.js').Link;
export type Tells = {
    /**
     * that a connection is in use from now on
     */
    use: (link: Link) => void;
    /**
     * joins all rooms on a connection
     */
    enter: (link: Link) => Promise<any>;
    state: (state: import('./types.js').StateDetail) => void;
    error: (error: any) => void;
};
/**
 * @typedef {import('./link.js').Link} Link
 * @typedef {object} Tells
 * @property {(link: Link) => void} use that a connection is in use from now on
 * @property {(link: Link) => Promise<any>} enter joins all rooms on a connection
 * @property {(state: import('./types.js').StateDetail) => void} state
 * @property {(error: any) => void} error
 */
export declare class Keeper {
    #private;
    /** The connection in use; undefined while there is none. @type {Link | undefined} */
    link: Link | undefined;
    /**
     * Begins at once, and goes on until the ending.
     * @param {Dialer} dialer
     * @param {Tells} tells
     * @param {Ending} ending
     */
    constructor(dialer: Dialer, tells: Tells, ending: Ending);
    /** Connects at once if it waits to do so. */
    wake(): void;
    /** @param {boolean} offline whether the machine says that it has no network: attempts would be for nothing */
    network(offline: boolean): void;
}
