/**
 * The types of the client. There is no code here.
 *
 * @typedef {import('./errors.js').WsEchoError} WsEchoError
 *
 * @typedef {{user: string, connection: string}} Origin who sent a message: the user, and its connection's id
 * @typedef {{user: string, connections: number}} Member
 * @typedef {{seq: number, void?: boolean}} Entry a message of a room as the service sends it; a void is none
 *
 * @typedef {'connecting' | 'open' | 'reconnecting' | 'failed' | 'closed'} State
 * @typedef {{state: 'connecting' | 'open' | 'closed', retryAt?: undefined, reason?: undefined}
 *   | {state: 'reconnecting', retryAt?: number, reason?: undefined}
 *   | {state: 'failed', reason: WsEchoError, retryAt?: undefined}} StateDetail
 *
 * @typedef {{epoch: string, seq: number, messageId: string, at: string}} Said a message's place in its room
 * @typedef {{messageId: string, sent: number, gone: number, failed: number, queued: boolean}} Sent
 */
export type WsEchoError = import('./errors.js').WsEchoError;
export type Origin = {
    user: string;
    connection: string;
};
export type Member = {
    user: string;
    connections: number;
};
export type Entry = {
    seq: number;
    void?: boolean;
};
export type State = 'connecting' | 'open' | 'reconnecting' | 'failed' | 'closed';
export type StateDetail = {
    state: 'connecting' | 'open' | 'closed';
    retryAt?: undefined;
    reason?: undefined;
} | {
    state: 'reconnecting';
    retryAt?: number;
    reason?: undefined;
} | {
    state: 'failed';
    reason: WsEchoError;
    retryAt?: undefined;
};
export type Said = {
    epoch: string;
    seq: number;
    messageId: string;
    at: string;
};
export type Sent = {
    messageId: string;
    sent: number;
    gone: number;
    failed: number;
    queued: boolean;
};
export type Sender<T = unknown> = {
    messageId: string;
    from: Origin;
    data: T;
    /**
     * when it was sent, in ISO 8601
     */
    at: string;
    /**
     * whether this client sent it
     */
    own: boolean;
    /**
     * whether this user sent it, perhaps in another place
     */
    mine: boolean;
};
export type Message<T = unknown> = Sender<T> & {
    seq: number;
};
export type Page<T = unknown> = {
    /**
     * the log that these messages are of
     */
    epoch: string;
    /**
     * ascending
     */
    messages: Message<T>[];
    /**
     * whether there are older ones, or newer ones if it was asked for what follows a number
     */
    more: boolean;
    /**
     * the number before which older ones are
     */
    first?: number;
};
export type Events<T = unknown> = {
    state: StateDetail;
    page: Page<T> & {
        room: string;
        cut: boolean;
    };
    message: Message<T> & {
        room: string;
        epoch: string;
    };
    presence: {
        room: string;
        members?: Member[];
    };
    direct: Sender<T>;
    broadcast: Sender<T>;
    push: {
        messageId: string;
        audience: string;
        data: T;
        at: string;
    };
    throttled: {
        until: number;
    };
    unknown: {
        message: Record<string, any>;
    };
    error: {
        error: Error | WsEchoError;
        room?: string;
    };
};
export type Listener<K extends keyof Events<T>, T = unknown> = ((event: CustomEvent<Events<T>[K]>) => void) | {
    handleEvent(event: CustomEvent<Events<T>[K]>): void;
} | null;
export type Target<T = unknown> = Omit<EventTarget, 'addEventListener' | 'removeEventListener'> & {
    addEventListener<K extends keyof Events<T>>(type: K, listener: Listener<K, T>, options?: boolean | AddEventListenerOptions): void;
    removeEventListener<K extends keyof Events<T>>(type: K, listener: Listener<K, T>, options?: boolean | EventListenerOptions): void;
};
export type Options = {
    /**
     * the name to claim; a service that asks for tokens ignores it
     */
    user?: string;
    /**
     * a token, or better a function
     * that returns a fresh one: it is asked at every connect. If it throws an error whose code is "unauthorized" or
     * "forbidden", the client fails; after any other it asks again
     */
    token?: string | (() => string | undefined | Promise<string | undefined>);
    /**
     * how long such a function may take; default 30,000
     */
    tokenTimeoutMs?: number;
    /**
     * how long an answer may take, and a connection be silent that was asked something;
     * default 10,000
     */
    timeoutMs?: number;
    /**
     * how often to look for messages that got lost at the end; default 30,000
     */
    pingMs?: number;
    /**
     * how many requests may wait, for a connection, their turn or their answer; one more
     * rejects with "queue_full"; default 1,000
     */
    maxPending?: number;
    /**
     * whether a server answers at an http address, for a client
     * that was refused time and again and has never been in; default is a fetch without credentials
     */
    reachable?: (url: string) => Promise<boolean>;
    /**
     * the class, where there is none or another is
     * wanted
     */
    WebSocket?: new (url: string, protocols: string[]) => any;
};
/**
 * @template [T=unknown]
 * @typedef {object} Sender what every message has that somebody sent
 * @property {string} messageId
 * @property {Origin} from
 * @property {T} data
 * @property {string} at when it was sent, in ISO 8601
 * @property {boolean} own whether this client sent it
 * @property {boolean} mine whether this user sent it, perhaps in another place
 */
/**
 * @template [T=unknown]
 * @typedef {Sender<T> & {seq: number}} Message a message of a room
 */
/**
 * @template [T=unknown]
 * @typedef {object} Page
 * @property {string} epoch the log that these messages are of
 * @property {Message<T>[]} messages ascending
 * @property {boolean} more whether there are older ones, or newer ones if it was asked for what follows a number
 * @property {number} [first] the number before which older ones are
 */
/**
 * @template [T=unknown]
 * @typedef {object} Events the details of the client's events
 * @property {StateDetail} state
 * @property {Page<T> & {room: string, cut: boolean}} page
 * @property {Message<T> & {room: string, epoch: string}} message
 * @property {{room: string, members?: Member[]}} presence
 * @property {Sender<T>} direct
 * @property {Sender<T>} broadcast
 * @property {{messageId: string, audience: string, data: T, at: string}} push
 * @property {{until: number}} throttled
 * @property {{message: Record<string, any>}} unknown
 * @property {{error: Error | WsEchoError, room?: string}} error
 */
/**
 * @template {keyof Events<T>} K
 * @template [T=unknown]
 * @typedef {((event: CustomEvent<Events<T>[K]>) => void) | {handleEvent(event: CustomEvent<Events<T>[K]>): void} | null} Listener
 */
/**
 * @template [T=unknown]
 * @typedef {Omit<EventTarget, 'addEventListener' | 'removeEventListener'> & {
 *   addEventListener<K extends keyof Events<T>>(type: K, listener: Listener<K, T>, options?: boolean | AddEventListenerOptions): void,
 *   removeEventListener<K extends keyof Events<T>>(type: K, listener: Listener<K, T>, options?: boolean | EventListenerOptions): void,
 * }} Target what has the client's events
 */
/**
 * @typedef {object} Options
 * @property {string} [user] the name to claim; a service that asks for tokens ignores it
 * @property {string | (() => string | undefined | Promise<string | undefined>)} [token] a token, or better a function
 *   that returns a fresh one: it is asked at every connect. If it throws an error whose code is "unauthorized" or
 *   "forbidden", the client fails; after any other it asks again
 * @property {number} [tokenTimeoutMs] how long such a function may take; default 30,000
 * @property {number} [timeoutMs] how long an answer may take, and a connection be silent that was asked something;
 *   default 10,000
 * @property {number} [pingMs] how often to look for messages that got lost at the end; default 30,000
 * @property {number} [maxPending] how many requests may wait, for a connection, their turn or their answer; one more
 *   rejects with "queue_full"; default 1,000
 * @property {(url: string) => Promise<boolean>} [reachable] whether a server answers at an http address, for a client
 *   that was refused time and again and has never been in; default is a fetch without credentials
 * @property {new (url: string, protocols: string[]) => any} [WebSocket] the class, where there is none or another is
 *   wanted
 */
export {};
