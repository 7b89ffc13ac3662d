/**
 * wsEcho for browsers: a connection that comes back by itself, and rooms whose messages arrive once and in order.
 *
 *     import { WsEcho } from './wsecho.js';
 *
 *     const chat = new WsEcho('wss://example.com/dev', { user: 'ada' });
 *     chat.addEventListener('state', ({ detail }) => show(detail.state));
 *     chat.addEventListener('page', ({ detail }) => replace(detail.room, detail.messages));
 *     chat.addEventListener('message', ({ detail }) => append(detail.room, detail));
 *     chat.connect();
 *     await chat.join('lobby');
 *     await chat.say('lobby', { text: 'hello' });
 *
 * To use it elsewhere copy this folder. It needs no build and no other code.
 *
 * Events; what follows is their `detail`:
 *
 * - `state` {state, retryAt?, reason?}: "connecting" (for the first time), "open", "reconnecting" (at retryAt, while it
 *   waits), "failed" (for good, until connect is called again; reason is a WsEchoError whose code is "unauthorized",
 *   "forbidden" or "unsupported") or "closed".
 * - `throttled` {until}: the service answered that a rate limit is met; what waits is sent again after `until`, in
 *   milliseconds since 1970.
 * - `unknown` {message}: a push of a type that this client does not know, such as an extension's.
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
 * - `error` {error, room?}: what went wrong without anybody waiting for it, such as an attempt to connect. With a room:
 *   this client is no longer in it, or cannot fill a gap at the moment.
 *
 * What it keeps to: messages of a room are told in order of their numbers, each once, and none is left out; a gap is
 * filled from history. What is lost at the end is found by ping, now and then and five seconds after the last word said
 * here. What was sent is repeated with the same key until it is acknowledged. An anonymous client's key ends with its
 * connection, so its message is not repeated on another: the promise rejects with "disconnected".
 */
import { Link, WsEchoError, refusal } from './link.js';
import { Room, readable } from './room.js';
import { atMost, backoff, jitter, pause, randomKey } from './time.js';

export { WsEchoError };

const PROTOCOL = 'wsecho.v1';
/** What the name of a subprotocol may be (RFC 6455, 4.1; RFC 9110, 5.6.2). */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
/** Reconnecting waits a random time up to a ceiling between these. */
const FIRST_WAIT_MS = 500;
const LAST_WAIT_MS = 60_000;
/** A connection that lasted this long was a good one: the ceiling begins anew. */
const STABLE_MS = 30_000;
/** How long an answer to the check of a connection may take that is perhaps dead. */
const CHECK_MS = 5000;
/** API Gateway closes connections that are idle for 10 minutes: without rooms, too, something is sent. */
const KEEP_ALIVE_MS = 5 * 60_000;
/** Whoever was to push what was said may have died: a ping this long after the last word lets somebody else do it. */
const SPOKEN_MS = 5000;
/** A connection is replaced at a random time within this before its end, or a quarter of its life if that is less. */
const ROTATION_MS = 10 * 60_000;
const LIFE_MS = 2 * 60 * 60_000;
/** The service remembers a key for 24 hours; a repetition after that would be another message. */
const SEND_MS = 23 * 60 * 60_000;
const REQUEST_MS = 60_000;
/** Message ids remembered to drop repetitions of what has no number. */
const REMEMBERED = 1000;

/** A client of wsEcho. See the top of this file for its events. */
export class WsEcho extends EventTarget {
  #url;
  #options;
  #state = 'closed';
  #running = false;
  #link; // The connection in use; undefined while there is none.
  #welcome; // What the service said of that connection, or of the last one.
  #rooms = new Map(); // Name -> Room.
  #joins = new Map(); // Name -> promise of the first page.
  #seen = new Set(); // Ids of messages without a number.
  #mine = new Set(); // Ids of the connections that this client has had.
  #waiters = new Set(); // Functions to call when anything changed.
  #spoken; // Timer that runs since the last word.
  #wake = () => {}; // Ends the wait before the next attempt to connect.

  /**
   * @param {string} url of the stage: wss://…
   * @param {object} [options]
   * @param {string} [options.user] the name to claim; a service that asks for tokens ignores it
   * @param {string | (() => string | Promise<string>)} [options.token] a token, or better a function that returns a
   *   fresh one: it is asked at every connect
   * @param {number} [options.timeoutMs] how long an answer may take; default 10,000
   * @param {number} [options.pingMs] how often to look for messages that got lost at the end; default 30,000
   * @param {typeof WebSocket} [options.WebSocket] for tests
   */
  constructor(url, options = {}) {
    super();
    this.#url = new URL(url);
    if (options.user) this.#url.searchParams.set('user', options.user);
    this.#options = { timeoutMs: 10_000, pingMs: 30_000, WebSocket: globalThis.WebSocket, ...options };
  }

  /** "connecting", "open", "reconnecting", "failed" or "closed". */
  get state() {
    return this.#state;
  }

  /** The name under which others see this client; undefined before the first connection. */
  get user() {
    return this.#welcome?.user;
  }

  /** The id of the connection in use, or of the last one; it changes with every reconnect. */
  get connectionId() {
    return this.#welcome?.connectionId;
  }

  /** Connects, and stays connected until close. */
  connect() {
    if (this.#running) return;
    this.#running = true;
    this.#watch('addEventListener');
    this.#run();
  }

  /** Ends the connection. Whatever waits rejects with "closed". */
  close() {
    if (!this.#running) return;
    this.#running = false;
    clearTimeout(this.#spoken);
    this.#watch('removeEventListener');
    this.#rooms.forEach((room) => room.end());
    this.#rooms.clear();
    this.#joins.clear();
    this.#link?.drop();
    this.#link = undefined;
    this.#wake();
    this.#setState('closed');
  }

  /**
   * Joins a room, and again after every reconnect until leave. Connect first.
   * @param {string} name
   * @returns {Promise<{members?: object[]}>} when the first page has been told; rejects if the service refuses
   */
  join(name) {
    if (!this.#joins.has(name)) {
      const room = this.#newRoom(name);
      this.#rooms.set(name, room);
      this.#joins.set(name, this.#ready(name, Infinity).then(() => ({ members: room.members })));
      if (this.#link) this.#enter(room, this.#link);
    }
    return this.#joins.get(name);
  }

  #newRoom(name) {
    return new Room(name, {
      ask: (message) => this.#ask(message, { room: name }),
      rejoin: (room, link) => this.#enter(room, link),
      emit: (type, detail) => {
        if (type === 'message') this.#emit(type, this.#marked(detail));
        else if (type === 'page') this.#emit(type, { ...detail, messages: detail.messages.map((message) => this.#marked(message)) });
        else this.#emit(type, detail);
      },
    });
  }

  /** Leaves a room. */
  async leave(name) {
    const room = this.#rooms.get(name);
    if (!room) return;
    this.#forget(room, new WsEchoError('not_a_member', 'the room was left'));
    await this.#exit(room, room.link);
  }

  /**
   * Says something in a room. What is said in one room goes out in this order.
   * @param {string} name
   * @param {any} data any JSON, up to 32 KB with what is around it
   * @param {{key?: string}} [options] key: 16 to 64 random characters, for an application that itself repeats
   * @returns {Promise<{epoch: string, seq: number, messageId: string}>} when it is stored
   */
  say(name, data, { key = randomKey() } = {}) {
    const room = this.#rooms.get(name);
    if (!room) return Promise.reject(new WsEchoError('not_a_member', `join ${name} first`));
    const said = room.saying.then(() => this.#say(room, data, key));
    room.saying = said.catch(() => {});
    return said;
  }

  /**
   * Sends a direct message to all connections of a user, or to one connection.
   * @param {{user: string} | {connection: string}} to
   * @returns {Promise<{messageId: string, sent: number, gone: number, failed: number, queued: boolean}>}
   */
  tell(to, data, { key = randomKey() } = {}) {
    return this.#ask({ action: 'tell', to, data, key }, onceWithinADay());
  }

  /** Sends data to everybody who is connected. Resolves as tell does. */
  broadcast(data, { key = randomKey() } = {}) {
    return this.#ask({ action: 'broadcast', data, key }, onceWithinADay());
  }

  /** Resolves with everybody in a room: [{user, connections}]. */
  who(name) {
    const room = this.#rooms.get(name);
    return room ? room.who() : Promise.reject(new WsEchoError('not_a_member', `join ${name} first`));
  }

  /**
   * Reads a page of a room's history: the messages before or after a number, or the newest.
   * @param {string} name
   * @param {{before?: number, after?: number, epoch?: string, limit?: number}} [position]
   * @returns {Promise<{epoch: string, messages: object[], more: boolean, first?: number}>}
   */
  async history(name, position = {}) {
    const page = await this.#ask({ action: 'history', room: name, ...position }, { room: name });
    const { messages, ...more } = readable(page);
    return { epoch: page.epoch, ...more, messages: messages.map((message) => this.#marked(message)) };
  }

  /**
   * Sends an action that this client does not know, such as an extension's, and resolves with its reply. It is repeated
   * as a say is, with a key, until it is answered.
   * @param {string} action
   * @param {object} [fields] of the message, beside action, id and key
   * @param {{room?: string, signal?: AbortSignal}} [options] room: one that has to be joined, and is sent as a field
   * @returns {Promise<object>}
   */
  request(action, fields = {}, { room } = {}) {
    return this.#ask({ action, key: randomKey(), ...fields, ...(room !== undefined && { room }) }, { room, ...onceWithinADay() });
  }

  /** Asks for an echo of data. Resolves with it and with what the service knows of this connection. */
  echo(data) {
    return this.#ask({ action: 'echo', data });
  }

  /** Looks whether the connection still works and nothing was missed, as it does by itself on waking up. */
  async check() {
    this.#wake();
    const link = this.#link;
    if (!link) return;
    try {
      await this.#ping(link, CHECK_MS);
    } catch (error) {
      if (error.code === 'timeout') link.drop();
    }
  }

  // Connections.

  /** Connects again and again. */
  async #run() {
    for (let attempt = 0; this.#running; attempt++) {
      this.#setState(this.#welcome || attempt > 0 ? 'reconnecting' : 'connecting');
      try {
        let link = await this.#dial();
        const began = Date.now();
        while (link) link = await this.#use(link);
        if (Date.now() - began >= STABLE_MS) attempt = 0;
      } catch (error) {
        this.#emit('error', { error });
      }
      if (this.#running) await this.#wait(backoff(attempt, FIRST_WAIT_MS, LAST_WAIT_MS));
    }
  }

  async #wait(milliseconds) {
    this.#setState('reconnecting', { retryAt: Date.now() + milliseconds });
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => {};
  }

  /** Opens a connection and learns who it is. */
  async #dial() {
    const { token, timeoutMs, WebSocket } = this.#options;
    const bearer = typeof token === 'function' ? await token() : token;
    if (!this.#running) throw new WsEchoError('closed', 'the client was closed');
    const socket = new WebSocket(this.#url.href, bearer ? [PROTOCOL, offer(bearer)] : [PROTOCOL]);
    const link = new Link(socket, { timeoutMs, onMessage: (message) => this.#receive(message) });
    try {
      await link.opened;
      link.welcome = await link.ask({ action: 'hello' });
      this.#mine.add(link.welcome.connectionId);
    } catch (error) {
      link.drop();
      throw error;
    }
    if (this.#running) return link;
    link.drop();
    throw new WsEchoError('closed', 'the client was closed');
  }

  /**
   * Uses a connection until it ends or is replaced.
   * @returns {Promise<Link | undefined>} the connection that replaced it
   */
  async #use(link) {
    this.#link = link;
    this.#welcome = link.welcome;
    if (this.#state === 'open') this.#changed();
    else this.#setState('open');
    this.#rooms.forEach((room) => room.link === link || this.#enter(room, link));
    const pinging = this.#keepPinging(link);
    const next = await this.#replacement(link);
    pinging.stop();
    if (next) return next;
    if (this.#link === link) this.#link = undefined;
    this.#changed();
    return undefined;
  }

  /** Waits for the end of a connection, and opens the next one shortly before. */
  async #replacement(link) {
    for (let attempt = 0; ; attempt++) {
      const delay = attempt === 0 ? rotateAfter(link) : backoff(attempt, FIRST_WAIT_MS, LAST_WAIT_MS);
      if (!(await lasts(link, delay))) return undefined;
      try {
        return await this.#rotate(link);
      } catch (error) {
        this.#emit('error', { error });
      }
    }
  }

  /** Opens a new connection, joins all rooms, and only then closes the old one: everything comes on at least one. */
  async #rotate(old) {
    const link = await this.#dial();
    await Promise.all([...this.#rooms.values()].map((room) => this.#enter(room, link)));
    if (!link.open) throw new WsEchoError('disconnected', 'the new connection ended at once', { retryable: true });
    old.retire();
    return link;
  }

  /** Joins a room on a connection, from where this client has its messages. */
  async #enter(room, link) {
    for (let attempt = 0; link.open && room.wanted; attempt++) {
      try {
        const ack = await link.ask({ action: 'join', room: room.name, ...room.resume });
        if (!room.wanted) {
          await this.#exit(room, link);
          return;
        }
        room.entered(ack, link);
        this.#changed();
        return;
      } catch (error) {
        if (!this.#repeatable(error, link)) {
          this.#forget(room, error);
          this.#emit('error', { error, room: room.name });
          return;
        }
        await pause(waitAfter(error, attempt));
      }
    }
  }

  /** Ends a membership, unless it is wanted again by now; it ends with its connection anyway. */
  async #exit(room, link) {
    for (let attempt = 0; link?.open && !this.#rooms.has(room.name); attempt++) {
      try {
        await link.ask({ action: 'leave', room: room.name });
        return;
      } catch (error) {
        if (!this.#repeatable(error, link)) return;
        await pause(waitAfter(error, attempt));
      }
    }
  }

  #forget(room, why) {
    room.end(why);
    if (this.#rooms.get(room.name) === room) {
      this.#rooms.delete(room.name);
      this.#joins.delete(room.name);
    }
    this.#changed();
  }

  // What is missing at the end of a room shows in no gap: only the head tells.

  #keepPinging(link) {
    const { pingMs } = this.#options;
    let timer;
    let pinged = Date.now();
    const next = () => {
      timer = setTimeout(async () => {
        if (this.#joinedOn(link).length > 0 || Date.now() - pinged >= KEEP_ALIVE_MS) {
          pinged = Date.now();
          await this.#look(link);
        }
        if (timer) next();
      }, jitter(0.8 * pingMs, 1.2 * pingMs));
    };
    next();
    return { stop: () => (timer = clearTimeout(timer)) };
  }

  /** Pings once when nothing has been said for a while; the other pings stay where they are. */
  #lookSoon() {
    clearTimeout(this.#spoken);
    if (this.#running) this.#spoken = setTimeout(() => this.#link && this.#look(this.#link), SPOKEN_MS);
  }

  #look(link) {
    return this.#ping(link).catch((error) => error.code === 'timeout' && link === this.#link && this.check());
  }

  async #ping(link, timeoutMs) {
    const rooms = this.#joinedOn(link).map((room) => room.name);
    try {
      const pong = await link.ask({ action: 'ping', ...(rooms.length > 0 && { rooms }) }, timeoutMs);
      for (const [name, { epoch, seq }] of Object.entries(pong.rooms)) this.#rooms.get(name)?.noteHead(epoch, seq);
    } catch (error) {
      this.#repeatable(error, link, this.#rooms.get(error.details?.room));
      throw error;
    }
  }

  #joinedOn(link) {
    return [...this.#rooms.values()].filter((room) => room.link === link);
  }

  /** Listens for what tells that this machine was asleep or without a network. */
  #watch(method) {
    globalThis[method]?.('online', this.#woken);
    globalThis.document?.[method]('visibilitychange', this.#woken);
  }

  #woken = () => {
    if (globalThis.document?.visibilityState === 'hidden') return;
    this.check();
    this.#rooms.forEach((room) => room.recount());
  };

  // Requests.

  async #say(room, data, key) {
    const message = { action: 'say', room: room.name, data, key };
    try {
      const { reply, link } = await this.#exchange(message, { room: room.name, ...onceWithinADay() });
      const { epoch, seq, messageId, at } = reply;
      const from = { user: link.welcome.user, connection: link.welcome.connectionId };
      room.heard(epoch, [{ seq, messageId, from, data, at }]);
      return { epoch, seq, messageId, at };
    } finally {
      this.#lookSoon(); // Without an answer, too, it may be stored.
    }
  }

  async #ask(message, options) {
    return (await this.#exchange(message, options)).reply;
  }

  /**
   * Asks, and asks again until there is an answer, a refusal that stays, or no time left.
   * @param {object} message
   * @param {{room?: string, until?: number, once?: boolean}} [options] room: one that has to be joined; once: must not
   *   happen twice
   * @returns {Promise<{reply: object, link: Link}>} the answer, and the connection on which it came
   */
  async #exchange(message, { room, until = Date.now() + REQUEST_MS, once = false } = {}) {
    let sentOn;
    for (let attempt = 0; ; attempt++) {
      const link = await this.#ready(room, until);
      if (once && sentOn && sentOn !== link && sentOn.welcome.user.startsWith('anon-')) {
        throw new WsEchoError('disconnected', 'the connection ended; whether the message was sent is not known');
      }
      sentOn = link;
      try {
        return { reply: await link.ask(message), link };
      } catch (error) {
        if (!this.#repeatable(error, link, this.#rooms.get(room)) || Date.now() >= until) throw error;
        if (error.code === 'timeout' && link === this.#link) this.check();
        if (error.code === 'rate_limited') this.#emit('throttled', { until: Date.now() + (error.details.retryAfterMs ?? 0) });
        await pause(waitAfter(error, attempt));
      }
    }
  }

  /** Waits for a connection on which a room is joined, or for any without a room. */
  async #ready(name, until) {
    const room = this.#rooms.get(name);
    if (name && !room) throw new WsEchoError('not_a_member', `join ${name} first`);
    const ready = await this.#until(() => {
      if (room?.refused) return room.refused;
      const link = room ? room.link : this.#link;
      return link?.open && link;
    }, until);
    if (ready instanceof WsEchoError) throw ready;
    return ready;
  }

  /** Decides whether what failed can be asked again, and mends what stands in its way. */
  #repeatable(error, link, room) {
    if (!this.#running) return false;
    switch (error.code) {
      case 'connection_closed': // The service has no such connection any more, or serves it no more:
      case 'token_expired': // a new one helps.
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

  /** Waits until a function returns something. */
  #until(ready, until) {
    return new Promise((resolve, reject) => {
      let timer;
      const look = () => {
        const value = ready();
        if (!value && this.#running) return false;
        end();
        if (value) resolve(value);
        else reject(new WsEchoError('closed', 'the client is closed'));
        return true;
      };
      const end = () => {
        clearTimeout(timer);
        this.#waiters.delete(look);
      };
      if (look()) return;
      this.#waiters.add(look);
      if (until !== Infinity) {
        timer = setTimeout(() => {
          end();
          reject(new WsEchoError('timeout', 'there was no connection in time', { retryable: true }));
        }, until - Date.now());
      }
    });
  }

  #changed() {
    [...this.#waiters].forEach((look) => look());
  }

  // What comes.

  #receive(message) {
    switch (message.type) {
      case 'messages':
        this.#rooms.get(message.room)?.heard(message.epoch, message.messages);
        break;
      case 'message': // Of a service of the release before.
        this.#rooms.get(message.room)?.heard(message.epoch, [numbered(message)]);
        break;
      case 'joined':
      case 'left':
        this.#rooms.get(message.room)?.announced(message);
        break;
      case 'direct':
      case 'broadcast':
      case 'push':
        if (this.#isNew(message.messageId)) this.#emit(message.type, this.#marked(message));
        break;
      case 'error':
      case undefined: // API Gateway's own errors have no type.
        this.#emit('error', { error: refusal(message) });
        break;
      default:
        this.#emit('unknown', { message });
    }
  }

  /** A message with whether this client sent it, or this user. What another service pushes has no sender. */
  #marked(message) {
    const own = this.#mine.has(message.from?.connection);
    return message.from ? { ...message, own, mine: own || message.from.user === this.user } : message;
  }

  #isNew(messageId) {
    if (this.#seen.has(messageId)) return false;
    this.#seen.add(messageId);
    if (this.#seen.size > REMEMBERED) this.#seen.delete(this.#seen.values().next().value);
    return true;
  }

  #setState(state, more = {}) {
    this.#state = state;
    this.#changed();
    this.#emit('state', { state, ...more });
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** What others will get is sent until it is acknowledged, as long as the service remembers its key. */
function onceWithinADay() {
  return { until: Date.now() + SEND_MS, once: true };
}

/** What belongs to a message itself of a push that has one. */
function numbered({ seq, messageId, from, data, at, void: isVoid }) {
  return isVoid ? { seq, void: true } : { seq, messageId, from, data, at };
}

/** A token as a subprotocol. What browsers say of one that cannot be sent would repeat it. */
function offer(bearer) {
  if (TOKEN.test(bearer)) return `bearer.${bearer}`;
  throw new WsEchoError('invalid_token', 'the token has characters that no token has');
}

/** How long to wait before asking again. */
function waitAfter(error, attempt) {
  if (error.code === 'rate_limited' && error.details.retryAfterMs >= 0) return error.details.retryAfterMs * jitter(1, 1.5);
  if (error.code === 'timeout' || error.code === 'disconnected') return 0;
  return backoff(attempt, FIRST_WAIT_MS, LAST_WAIT_MS);
}

/** How long to use a connection. Its life is reckoned by the service's clock alone: this machine's may be wrong. */
function rotateAfter({ welcome, openedAt }) {
  const began = Date.parse(welcome.connectedAt ?? new Date(openedAt).toISOString());
  const life = Math.min(Date.parse(welcome.expiresAt) - began || LIFE_MS, LIFE_MS);
  const margin = Math.min(ROTATION_MS, life / 4);
  return Math.max(life - jitter(margin / 2, margin), 1000);
}

/** Whether a connection is still there after a while. */
async function lasts(link, milliseconds) {
  return (await atMost(milliseconds, link.closed.then(() => 'closed'))) !== 'closed';
}
