/**
 * The order of one room's messages: whatever comes, from wherever and however often, goes out once and in order of
 * its number. It does no input or output.
 */
export type Entry = import('./types.js').Entry;
/** @typedef {import('./types.js').Entry} Entry */
/** What a room's log looks like from one client. */
export declare class Sequence {
    #private;
    /** Up to where everything was delivered; null before the first page. */
    get position(): {
        epoch: string;
        after: number;
    } | null;
    /** The highest number known of. */
    get head(): number;
    /** Whether messages are known to exist that have not been delivered. */
    get missing(): boolean;
    /**
     * Whether there is another log than this one: the room began anew, and this client has to as well. Epochs have no order.
     * @param {string} epoch
     */
    isOther(epoch: string): boolean;
    /**
     * Whether a message is of a log that this client has left behind.
     * @param {string} epoch
     */
    isPast(epoch: string): boolean;
    /**
     * Begins anew behind a page of the newest messages.
     * @param {string} epoch
     * @param {number} seq the head of the room
     * @param {Entry[]} messages ascending
     * @returns {Entry[]} messages that had come too early and follow the page
     */
    restart(epoch: string, seq: number, messages: Entry[]): Entry[];
    /**
     * Gives up on everything up to a number: it has expired.
     * @param {number} seq
     */
    skip(seq: number): void;
    /**
     * Learns of the head of the room's log.
     * @param {string} epoch
     * @param {number} seq
     */
    noteHead(epoch: string, seq: number): void;
    /**
     * Takes a message, a void or a repetition of either; of another epoch, too, or before the first page.
     * @param {string} epoch
     * @param {Entry} message
     * @returns {Entry[]} what can be delivered now, in order and without voids
     */
    add(epoch: string, message: Entry): Entry[];
}
