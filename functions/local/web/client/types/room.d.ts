export type Link = import('./link.js').Link;
export type Frame = import('./link.js').Frame;
export type Member = import('./types.js').Member;
/**
 * @typedef {import('./link.js').Link} Link
 * @typedef {import('./link.js').Frame} Frame
 * @typedef {import('./types.js').Member} Member
 */
export declare class Room {
    #private;
    name: string;
    /** The connection on which this room was joined; undefined while there is none. @type {Link | undefined} */
    link: Link | undefined;
    /** The connection on which it is being joined. @type {{link: Link, done: Promise<void>} | undefined} */
    entering: {
        link: Link;
        done: Promise<void>;
    } | undefined;
    /** Settles when the message that is being said has its place, or never will. @type {Promise<any>} */
    saying: Promise<any>;
    /** Whether the application still wants to be here. */
    wanted: boolean;
    /** Why it is not, if it was not asked. @type {Error | undefined} */
    refused: Error | undefined;
    /**
     * @param {string} name
     * @param {object} client
     * @param {(message: Frame, signal?: AbortSignal) => Promise<Frame>} client.ask sends a message about this room and
     *   repeats it as needed
     * @param {(link: Link) => void} client.rejoin joins again on a connection
     * @param {(type: 'page' | 'message' | 'presence' | 'error', detail: any) => void} client.emit tells the application,
     *   as long as it is here
     */
    constructor(name: string, client: {
        ask: (message: Frame, signal?: AbortSignal) => Promise<Frame>;
        rejoin: (link: Link) => void;
        emit: (type: 'page' | 'message' | 'presence' | 'error', detail: any) => void;
    });
    /** What to join with: the position to resume from, if there is one. */
    get resume(): {};
    get members(): import("./types.js").Member[] | undefined;
    /**
     * The application does not want to be here any more; a reason if it was not asked.
     * @param {Error} [reason]
     */
    end(reason?: Error): void;
    /**
     * Takes the answer to a join on a connection.
     * @param {Frame} ack
     * @param {Link} link
     */
    entered(ack: Frame, link: Link): void;
    /**
     * Takes messages that were pushed, or one that was said on this connection.
     * @param {string} epoch
     * @param {Frame[]} messages
     */
    heard(epoch: string, messages: Frame[]): void;
    /**
     * Learns of the head of the room's log.
     * @param {string} epoch
     * @param {number} seq
     * @param {boolean} [more] whether what is missing will not come by itself
     */
    noteHead(epoch: string, seq: number, more?: boolean): void;
    /**
     * Takes a joined or left.
     * @param {any} event
     */
    announced(event: any): void;
    /** Asks who is there, soon; seldom while many come and go. */
    recount(): Promise<void>;
    /**
     * Asks for everybody in the room, page by page.
     * @param {AbortSignal} [signal]
     * @returns {Promise<Member[]>}
     */
    who(signal?: AbortSignal): Promise<Member[]>;
}
/**
 * What an application gets of a page: its messages without voids, and the number before which older ones are.
 * @param {Frame} page
 */
export declare function readable({ messages, more }: Frame): {
    messages: any;
    more: any;
    first: any;
};
