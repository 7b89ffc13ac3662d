/**
 * wsEcho for browsers and Node: a connection that comes back by itself, and rooms whose messages arrive once and in
 * order. README.md shows how to use it.
 *
 * Events; what follows is their `detail`:
 *
 * - `state` {state, retryAt?, reason?}: "connecting" (for the first time), "open", "reconnecting" (at retryAt, while it
 *   waits), "failed" (until connect is called again; reason is a WsEchoError whose code is "unauthorized", "forbidden"
 *   or "unsupported") or "closed".
 * - `page` {room, epoch, messages, more, first, cut}: show these messages instead of what was there, which happens
 *   after the first join. `cut` tells that earlier messages were missed and cannot be had any more: "history was cut
 *   here". `more` tells that there are older ones: `history(room, {before: first})`.
 * - `message` {room, epoch, seq, messageId, from, data, at, own, mine}: the next message of a room. Messages said here
 *   come this way too, in their place; `own` tells that this client said it, `mine` that this user did, perhaps in
 *   another place. Messages of pages and histories, direct ones and broadcasts have both as well.
 * - `presence` {room, members}: who is in a room, [{user, connections}]; undefined in rooms of more than 100
 *   connections, where `who` tells.
 * - `direct` {messageId, from, data, at}: a message for this user or connection. Nobody keeps it: who is not connected
 *   misses it.
 * - `broadcast` {messageId, from, data, at} and `push` {messageId, audience, data, at}: from a client to everybody,
 *   from another service to an audience. Nobody keeps them either.
 * - `throttled` {until}: the service answered that a rate limit is met; what it refused is sent again after `until`, in
 *   milliseconds since 1970.
 * - `unknown` {message}: a push of a type that this client does not know, such as an extension's.
 * - `error` {error, room?}: what went wrong without anybody waiting for it, such as an attempt to connect. With a room:
 *   this client is no longer in it, or cannot fill a gap at the moment.
 *
 * What it keeps to: messages of a room are told in order of their numbers, each once, and none is left out; a gap is
 * filled from history. What is lost at the end is found by ping, now and then and five seconds after the last word said
 * here. What was sent is repeated with the same key until it is acknowledged. An anonymous client's key ends with its
 * connection, so its message is not repeated on another: the promise rejects with "disconnected".
 */
import { Dialer, answers } from './dial.js';
import { WsEchoError, refusal, tooLate } from './errors.js';
import { Keeper } from './keeper.js';
import { Room, readable } from './room.js';
import { Ending, atMost, backoff, jitter, now, pause, randomKey } from './time.js';

export * from './types.js';
export { WsEchoError };

/** API Gateway closes connections that are idle for 10 minutes: without rooms, too, something is sent. */
const KEEP_ALIVE_MS = 5 * 60_000;
/** Whoever was to push what was said may have died: a ping this long after the last word lets somebody else do it. */
const SPOKEN_MS = 5000;
/** The service remembers a key for 24 hours; a repetition after that would be another message. */
const SEND_MS = 23 * 60 * 60_000;
const REQUEST_MS = 60_000;
/** Message ids remembered to drop repetitions of what has no number. */
const REMEMBERED = 1000;

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
const Target = /** @type {new <T>() => import('./types.js').Target<T>} */ (EventTarget);

/**
 * A client of wsEcho. See the top of this file for its events.
 * @template [T=unknown] what applications send as data
 * @extends {Target<T>}
 */
export class WsEcho extends Target {
  #url;
  #options;
  /** @type {import('./types.js').State} */
  #state = 'closed';
  #ending = new Ending(new WsEchoError('closed', 'the client is closed: call connect'));
  /** @type {Dialer | undefined} */
  #dialer;
  /** @type {Keeper | undefined} */
  #keeper;
  /** What the service said of the connection in use, or of the last one. @type {Frame | undefined} */
  #welcome;
  /** @type {Map<string, Room>} by name */
  #rooms = new Map();
  /** @type {Map<string, Promise<{members?: import('./types.js').Member[]}>>} first pages by room */
  #joins = new Map();
  #seen = new Set(); // Ids of messages without a number.
  #mine = new Set(); // Ids of the connections that this client has had.
  /** @type {Set<() => void>} Functions to call when anything changed. */
  #waiters = new Set();
  #pending = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} Runs since the last word. */
  #spoken;

  /**
   * @param {string | URL} url of the stage: wss://…
   * @param {import('./types.js').Options} [options]
   */
  constructor(url, { user, token, timeoutMs = 10_000, tokenTimeoutMs = 30_000, pingMs = 30_000, maxPending = 1000,
    reachable = answers, WebSocket = globalThis.WebSocket } = {}) {
    super();
    this.#url = new URL(url);
    if (user) this.#url.searchParams.set('user', user);
    if (!(Math.min(timeoutMs, tokenTimeoutMs, pingMs) > 0)) throw new RangeError('times have to be greater than 0');
    this.#options = { token, timeoutMs, tokenTimeoutMs, pingMs, maxPending, reachable, WebSocket };
  }

  /** "connecting", "open", "reconnecting", "failed" or "closed". */
  get state() {
    return this.#state;
  }

  /** The name under which others see this client; undefined before the first connection. @returns {string | undefined} */
  get user() {
    return this.#welcome?.user;
  }

  /**
   * The id of the connection in use, or of the last one; it changes with every reconnect.
   * @returns {string | undefined}
   */
  get connectionId() {
    return this.#welcome?.connectionId;
  }

  /** Connects, and stays connected until close or a failure. Rooms that were joined before a failure are resumed. */
  connect() {
    if (!this.#ending.reason) return;
    const ending = (this.#ending = new Ending());
    this.#watch(ending);
    this.#dialer = new Dialer(this.#url, this.#options, (message, link) => {
      try {
        this.#receive(message, link);
      } catch (error) { // One that came, or what a frame that this protocol does not have leads to.
        this.#emit('error', { error });
      }
    });
    this.#keeper = new Keeper(this.#dialer, {
      use: (link) => this.#use(link),
      enter: (link) => this.#enterAll(link),
      state: (detail) => this.#keeps(detail),
      error: (error) => this.#emit('error', { error }),
    }, ending);
  }

  /** Ends the connection. What waits rejects with "closed", what was sent and not answered with "disconnected". */
  close() {
    if (this.#state === 'closed') return;
    this.#end(new WsEchoError('closed', 'the client is closed: call connect'));
    this.#rooms.forEach((room) => room.end());
    this.#rooms.clear();
    this.#joins.clear();
    this.#keeps({ state: 'closed' });
  }

  /** @param {WsEchoError} reason */
  #end(reason) {
    clearTimeout(this.#spoken);
    this.#keeper = undefined;
    this.#ending.end(reason);
  }

  /**
   * Joins a room, and again after every reconnect until leave. Connect first.
   * @param {string} name
   * @param {{signal?: AbortSignal}} [options] signal: gives up a join that is not done yet
   * @returns {Promise<{members?: import('./types.js').Member[]}>} when the first page has been told; rejects if the
   *   service refuses
   */
  join(name, { signal } = {}) {
    if (this.#ending.reason) return Promise.reject(this.#ending.reason);
    const joined = this.#joins.get(name);
    if (joined) return /** @type {typeof joined} */ (atMost(Infinity, joined, undefined, signal));
    const room = this.#newRoom(name);
    this.#rooms.set(name, room);
    const joining = this.#ready(name, Infinity, { signal }).then(() => ({ members: room.members }));
    this.#joins.set(name, joining);
    joining.catch((error) => this.#forget(room, error));
    if (this.#link) this.#enter(room, this.#link);
    return joining;
  }

  /** @param {string} name */
  #newRoom(name) {
    /** @type {Room} */
    const room = new Room(name, {
      ask: (message, signal) => this.#ask(message, { room: name, signal }),
      rejoin: (link) => this.#enter(room, link),
      emit: (type, detail) => room.wanted && this.#emit(type, detail),
    });
    return room;
  }

  /**
   * Leaves a room.
   * @param {string} name
   */
  async leave(name) {
    const room = this.#rooms.get(name);
    if (!room) return;
    this.#forget(room, new WsEchoError('not_a_member', 'the room was left'));
    await this.#exit(room, room.link);
  }

  /**
   * Says something in a room. What is said in one room goes out in this order.
   * @param {string} name
   * @param {T} data any JSON, up to 32 KB with what is around it
   * @param {{key?: string, signal?: AbortSignal}} [options] key: 16 to 64 random characters, for an application that
   *   itself repeats. signal: gives up; what was sent already may be stored
   * @returns {Promise<import('./types.js').Said>} when it is stored
   */
  say(name, data, { key = randomKey(), signal } = {}) {
    const room = this.#rooms.get(name);
    if (!room) return Promise.reject(notJoined(name));
    const ending = this.#ending;
    return this.#counted(() => {
      const said = room.saying.then(() => this.#say(room, { action: 'say', room: name, data, key }, { signal, ending }));
      room.saying = said.catch(() => {});
      return /** @type {typeof said} */ (atMost(Infinity, said, undefined, signal));
    });
  }

  /**
   * Sends a direct message to all connections of a user, or to one connection.
   * @param {{user: string} | {connection: string}} to
   * @param {T} data
   * @param {{key?: string, signal?: AbortSignal}} [options]
   * @returns {Promise<import('./types.js').Sent>}
   */
  tell(to, data, { key = randomKey(), signal } = {}) {
    return this.#request({ action: 'tell', to, data, key }, { ...ONCE, signal });
  }

  /**
   * Sends data to everybody who is connected. Resolves as tell does.
   * @param {T} data
   * @param {{key?: string, signal?: AbortSignal}} [options]
   * @returns {Promise<import('./types.js').Sent>}
   */
  broadcast(data, { key = randomKey(), signal } = {}) {
    return this.#request({ action: 'broadcast', data, key }, { ...ONCE, signal });
  }

  /**
   * Resolves with everybody in a room.
   * @param {string} name
   * @param {{signal?: AbortSignal}} [options]
   * @returns {Promise<import('./types.js').Member[]>}
   */
  who(name, { signal } = {}) {
    const room = this.#rooms.get(name);
    return room ? this.#counted(() => room.who(signal)) : Promise.reject(notJoined(name));
  }

  /**
   * Reads a page of a room's history: the messages before or after a number, or the newest.
   * @param {string} name
   * @param {{before?: number, after?: number, epoch?: string, limit?: number, signal?: AbortSignal}} [position]
   * @returns {Promise<import('./types.js').Page<T>>}
   */
  async history(name, { signal, ...position } = {}) {
    const page = await this.#request({ action: 'history', room: name, ...position }, { room: name, signal });
    return this.#marked({ epoch: page.epoch, ...readable(page) });
  }

  /**
   * Asks for an echo of data. Resolves with it and with what the service knows of this connection.
   * @param {T} [data]
   * @param {{signal?: AbortSignal}} [options]
   * @returns {Promise<{data: T, connection: Record<string, string>}>}
   */
  echo(data, { signal } = {}) {
    return this.#request({ action: 'echo', data }, { signal });
  }

  /**
   * Sends an action that this client does not know, such as an extension's, and resolves with its reply. It is repeated
   * as a say is, with a key, until it is answered.
   * @param {string} action
   * @param {Record<string, any>} [fields] of the message, beside action, id, key and room
   * @param {{room?: string, signal?: AbortSignal}} [options] room: one that has to be joined, and is sent as a field
   * @returns {Promise<Record<string, any>>}
   */
  request(action, fields = {}, { room, signal } = {}) {
    return this.#request({ key: randomKey(), ...fields, action, room }, { ...ONCE, room, signal });
  }

  /** Looks whether the connection still works and nothing was missed, as it does by itself on waking up. */
  async check() {
    this.#keeper?.wake();
    const link = this.#link;
    if (!link) return;
    link.probe();
    await this.#look(link);
  }

  // Connections.

  get #link() {
    return this.#keeper?.link;
  }

  /** @param {import('./types.js').StateDetail} detail */
  #keeps(detail) {
    this.#state = detail.state;
    if (detail.reason) this.#end(detail.reason);
    this.#changed();
    this.#emit('state', detail);
  }

  /** @param {Link} link */
  #use(link) {
    this.#welcome = link.welcome;
    this.#rooms.forEach((room) => room.link === link || (room.link = undefined)); // What is still on the old one.
    if (this.#state === 'open') this.#changed();
    else this.#keeps({ state: 'open' });
    this.#enterAll(link);
    this.#keepPinging(link).catch(() => {}); // It ends with the client.
  }

  /** @param {Link} link */
  #enterAll(link) {
    this.#mine.add(link.welcome.connectionId);
    return Promise.all([...this.#rooms.values()].map((room) => room.link === link || this.#enter(room, link)));
  }

  /**
   * Joins a room on a connection, once at a time.
   * @param {Room} room
   * @param {Link} link
   */
  #enter(room, link) {
    if (room.entering?.link !== link) {
      const entering = { link, done: this.#entering(room, link).catch(() => {}) };
      room.entering = entering;
      entering.done.then(() => room.entering === entering && (room.entering = undefined));
    }
    return room.entering.done;
  }

  /**
   * Joins a room on a connection, from where this client has its messages.
   * @param {Room} room
   * @param {Link} link
   */
  async #entering(room, link) {
    for (let attempt = 0; link.open && room.wanted; attempt++) {
      try {
        const ack = await link.ask({ action: 'join', room: room.name, ...room.resume });
        if (!room.wanted) return await this.#exit(room, link);
        if (room.entering?.link === link) room.entered(ack, link); // Else it is in on a later connection.
        return this.#changed();
      } catch (/** @type {any} */ error) {
        if (!this.#repeatable(error, link)) {
          this.#forget(room, error);
          return this.#emit('error', { error, room: room.name });
        }
        await this.#pause(error, attempt);
      }
    }
  }

  /**
   * Ends a membership, unless it is wanted again by now; it ends with its connection anyway.
   * @param {Room} room
   * @param {Link | undefined} link
   */
  async #exit(room, link) {
    for (let attempt = 0; link?.open && !this.#rooms.has(room.name); attempt++) {
      try {
        await link.ask({ action: 'leave', room: room.name });
        return;
      } catch (error) {
        if (!this.#repeatable(error, link)) return;
        await this.#pause(error, attempt).catch(() => {}); // The end of the client ends the connection.
      }
    }
  }

  /**
   * @param {Room} room
   * @param {any} why
   */
  #forget(room, why) {
    room.end(why);
    if (this.#rooms.get(room.name) === room) {
      this.#rooms.delete(room.name);
      this.#joins.delete(room.name);
    }
    this.#changed();
  }

  // What is missing at the end of a room shows in no gap: only the head tells.

  /** @param {Link} link */
  async #keepPinging(link) {
    const { pingMs } = this.#options;
    for (let pinged = now(); ; ) {
      await pause(jitter(0.8 * pingMs, 1.2 * pingMs), this.#ending);
      if (link !== this.#link) return;
      if (this.#joinedOn(link).length === 0 && now() - pinged < KEEP_ALIVE_MS) continue;
      pinged = now();
      await this.#look(link);
    }
  }

  /** Pings once when nothing has been said for a while; the other pings stay where they are. */
  #lookSoon() {
    clearTimeout(this.#spoken);
    if (!this.#ending.reason) this.#spoken = setTimeout(() => this.#link && this.#look(this.#link), SPOKEN_MS);
  }

  /**
   * Pings, and learns of the heads of the rooms.
   * @param {Link} link
   */
  async #look(link) {
    const rooms = this.#joinedOn(link).map((room) => room.name);
    try {
      const pong = await link.ask({ action: 'ping', ...(rooms.length > 0 && { rooms }) });
      for (const [name, { epoch, seq }] of Object.entries(pong.rooms)) this.#rooms.get(name)?.noteHead(epoch, seq);
    } catch (/** @type {any} */ error) {
      this.#repeatable(error, link, this.#rooms.get(error.details?.room)); // The next ping is the repetition.
    }
  }

  /** @param {Link} link */
  #joinedOn(link) {
    return [...this.#rooms.values()].filter((room) => room.link === link);
  }

  /**
   * Listens for what tells that this machine was asleep or without a network.
   * @param {Ending} ending
   */
  #watch(ending) {
    const told = (/** @type {Event} */ event) => {
      if (event.type !== 'visibilitychange') this.#keeper?.network(event.type === 'offline');
      if (event.type === 'offline' || globalThis.document?.visibilityState === 'hidden') return;
      this.check();
      this.#rooms.forEach((room) => room.recount());
    };
    /** @param {'addEventListener' | 'removeEventListener'} method */
    const all = (method) => {
      globalThis.document?.[method]('visibilitychange', told);
      for (const type of ['offline', 'online']) globalThis[method]?.(type, told);
    };
    all('addEventListener');
    ending.stops.add(() => all('removeEventListener'));
  }

  // Requests.

  /**
   * Does something for the application, unless too much waits already.
   * @template R
   * @param {() => Promise<R>} act
   * @returns {Promise<R>}
   */
  async #counted(act) {
    const { maxPending } = this.#options;
    if (this.#pending >= maxPending) {
      throw new WsEchoError('queue_full', `${maxPending} requests wait already`, { retryable: true });
    }
    this.#pending++;
    try {
      return await act();
    } finally {
      this.#pending--;
    }
  }

  /**
   * @param {Frame} message
   * @param {Asking} asking
   * @returns {Promise<any>}
   */
  #request(message, asking) {
    return this.#counted(() => this.#ask(message, asking));
  }

  /**
   * @param {Room} room
   * @param {Frame} message
   * @param {Asking} asking
   */
  async #say(room, message, asking) {
    try {
      const { reply, link } = await this.#exchange(message, { room: room.name, ...ONCE, ...asking });
      const { epoch, seq, messageId, at } = reply;
      const from = { user: link.welcome.user, connection: link.welcome.connectionId };
      room.heard(epoch, [{ seq, messageId, from, data: message.data, at }]);
      return { epoch, seq, messageId, at };
    } finally {
      this.#lookSoon(); // Without an answer, too, it may be stored.
    }
  }

  /**
   * @param {Frame} message
   * @param {Asking} asking
   */
  async #ask(message, asking) {
    return (await this.#exchange(message, asking)).reply;
  }

  /**
   * Asks, and asks again until there is an answer, a refusal that stays, or no time left.
   * @param {Frame} message
   * @param {Asking} asking
   * @returns {Promise<{reply: Frame, link: Link}>} the answer, and the connection on which it came
   */
  async #exchange(message, { room, forMs = REQUEST_MS, once, signal, ending = this.#ending }) {
    const until = now() + forMs;
    let sentOn;
    for (let attempt = 0; ; attempt++) {
      const link = await this.#ready(room, until - now(), { signal, ending });
      if (once && sentOn && sentOn !== link && sentOn.welcome.user.startsWith('anon-')) {
        throw new WsEchoError('disconnected', 'the connection ended; whether the message was sent is not known');
      }
      sentOn = link;
      try {
        return { reply: await link.ask(message, until - now(), undefined, signal), link };
      } catch (error) {
        const over = ending.reason || signal?.aborted || now() >= until;
        if (over || !this.#repeatable(error, link, this.#rooms.get(room ?? ''))) throw error;
        await this.#pause(error, attempt, ending, signal);
      }
    }
  }

  /**
   * Waits for a connection on which a room is joined, or for any without a room.
   * @param {string | undefined} name
   * @param {number} milliseconds
   * @param {Asking} asking
   * @returns {Promise<Link>}
   */
  async #ready(name, milliseconds, { signal, ending = this.#ending }) {
    const room = name === undefined ? undefined : this.#rooms.get(name);
    if (name !== undefined && !room) throw ending.reason ?? notJoined(name);
    let look = () => {};
    /** @type {Promise<Link>} */
    const found = new Promise((resolve, reject) => {
      look = () => {
        const link = room ? room.link : this.#link;
        if (room?.refused) reject(room.refused);
        else if (link?.open) resolve(link);
      };
    });
    look();
    this.#waiters.add(look);
    try {
      const link = await atMost(milliseconds, found, ending, signal);
      if (link) return link;
      throw tooLate('no connection came');
    } finally {
      this.#waiters.delete(look);
    }
  }

  /**
   * Decides whether what failed can be asked again, and mends what stands in its way.
   * @param {any} error
   * @param {Link} link
   * @param {Room} [room]
   */
  #repeatable(error, link, room) {
    if (this.#ending.reason) return false;
    switch (error.code) {
      case 'token_expired':
        this.#dialer?.tokenEnded();
      // falls through
      case 'connection_closed': // The service has no such connection any more, or serves it no more: a new one helps.
        link.drop();
        return true;
      case 'not_a_member':
        if (!room?.wanted) return false;
        if (room.link === link) {
          room.link = undefined;
          this.#enter(room, link);
        }
        return true;
      default:
        return error.retryable === true;
    }
  }

  /**
   * Waits before asking again.
   * @param {any} error
   * @param {number} attempt
   * @param {Ending} [ending]
   * @param {AbortSignal} [signal]
   */
  async #pause({ code, details }, attempt, ending = this.#ending, signal) {
    if (code === 'disconnected') return;
    if (code !== 'rate_limited' || !(details?.retryAfterMs >= 0)) return pause(backoff(attempt), ending, signal);
    this.#emit('throttled', { until: Date.now() + details.retryAfterMs });
    return pause(details.retryAfterMs * jitter(1, 1.5), ending, signal);
  }

  #changed() {
    [...this.#waiters].forEach((look) => look());
  }

  // What comes.

  /**
   * @param {Frame} message
   * @param {Link} link
   */
  #receive(message, link) {
    switch (message.type) {
      case 'messages':
      case 'message': // One of a service of the release before.
        this.#rooms.get(message.room)?.heard(message.epoch, message.messages ?? [message]);
        break;
      case 'joined':
      case 'left':
        this.#rooms.get(message.room)?.announced(message);
        break;
      case 'direct':
      case 'broadcast':
      case 'push':
        if (this.#isNew(message.messageId)) this.#emit(message.type, message);
        break;
      case 'error':
      case undefined: { // API Gateway's own errors have no type.
        const error = refusal(message);
        this.#repeatable(error, link); // It may be that of a connection which is served no more.
        throw error;
      }
      default:
        this.#emit('unknown', { message });
    }
  }

  /** @param {string} messageId */
  #isNew(messageId) {
    if (this.#seen.has(messageId)) return false;
    this.#seen.add(messageId);
    if (this.#seen.size > REMEMBERED) this.#seen.delete(this.#seen.values().next().value);
    return true;
  }

  /**
   * A message, or a page of them, with whether this client sent it, or this user. What another service pushes has no
   * sender.
   * @param {any} detail
   * @returns {any}
   */
  #marked(detail) {
    const { from, messages } = detail;
    if (messages) return { ...detail, messages: messages.map((/** @type {Frame} */ message) => this.#marked(message)) };
    const own = this.#mine.has(from?.connection);
    return from ? { ...detail, own, mine: own || from.user === this.user } : detail;
  }

  /**
   * @param {string} type
   * @param {any} detail
   */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail: this.#marked(detail) }));
  }
}

/** What others will get is sent until it is acknowledged, as long as the service remembers its key. */
const ONCE = { forMs: SEND_MS, once: true };

/** @param {string} name */
const notJoined = (name) => new WsEchoError('not_a_member', `join ${name} first`);
