/**
 * Who is in a room. The service lists users with a count, and announces single connections: so an announcement that
 * comes soon after a list may or may not be counted in it already. Then the list has to be asked for again. So it has
 * to be when a departure that was heard before the list is told again: the service repeats it if it isn't sure.
 */
export type Member = import('./types.js').Member;
export declare class Presence {
    #private;
    /** Sorted by name. @returns {Member[]} */
    get members(): Member[];
    /**
     * Begins with a list from the service; the same user may be in it several times.
     * @param {Member[]} members
     */
    list(members: Member[]): void;
    /**
     * Counts an announcement, once however often it comes.
     * @param {{type: 'joined' | 'left', user: string, connection: string}} event
     * @returns {boolean} whether the count is sure; if not, ask for a list
     */
    count({ type, user, connection }: {
        type: 'joined' | 'left';
        user: string;
        connection: string;
    }): boolean;
}
