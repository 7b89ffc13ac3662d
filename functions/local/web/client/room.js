/**
 * A room that the application has joined: its messages in order, gaps repaired, and who is there.
 */
import { Presence } from './presence.js';
import { Sequence } from './sequence.js';
import { atMost, jitter, now } from './time.js';

/** A push may be this late before it counts as lost; up to as much again is added at random. */
const PATIENCE_MS = 1000;
/** The pauses between two questions for a message that is not there yet grow up to this. */
const MAX_PATIENCE_MS = 30_000;
/** A list of members is asked for this long after an announcement that may be in the last list already. */
const RECOUNT_MS = 1000;
const MAX_RECOUNT_MS = 60_000;

/**
 * @typedef {import('./link.js').Link} Link
 * @typedef {import('./link.js').Frame} Frame
 * @typedef {import('./types.js').Member} Member
 */

export class Room {
  /** The connection on which this room was joined; undefined while there is none. @type {Link | undefined} */
  link;
  /** The connection on which it is being joined. @type {{link: Link, done: Promise<void>} | undefined} */
  entering;
  /** Settles when the message that is being said has its place, or never will. @type {Promise<any>} */
  saying = Promise.resolve();
  /** Whether the application still wants to be here. */
  wanted = true;
  /** Why it is not, if it was not asked. @type {Error | undefined} */
  refused;

  #client;
  #sequence = new Sequence();
  #presence = new Presence();
  #listed = false; // Whether the room is small enough to be told who comes and goes.
  #repairing = false;
  #recounting = false;
  #recountMs = RECOUNT_MS;
  #recountedAt = -Infinity;
  /** @type {() => void} */
  #end = () => {};
  /** @type {Promise<void>} */
  #ended = new Promise((resolve) => (this.#end = resolve));

  /**
   * @param {string} name
   * @param {object} client
   * @param {(message: Frame, signal?: AbortSignal) => Promise<Frame>} client.ask sends a message about this room and
   *   repeats it as needed
   * @param {(link: Link) => void} client.rejoin joins again on a connection
   * @param {(type: 'page' | 'message' | 'presence' | 'error', detail: any) => void} client.emit tells the application,
   *   as long as it is here
   */
  constructor(name, client) {
    this.name = name;
    this.#client = client;
  }

  /** What to join with: the position to resume from, if there is one. */
  get resume() {
    return this.#sequence.position ?? {};
  }

  get members() {
    return this.#listed ? this.#presence.members : undefined;
  }

  /**
   * The application does not want to be here any more; a reason if it was not asked.
   * @param {Error} [reason]
   */
  end(reason) {
    this.wanted = false;
    this.refused = reason;
    this.#end();
  }

  /**
   * Takes the answer to a join on a connection.
   * @param {Frame} ack
   * @param {Link} link
   */
  entered(ack, link) {
    const first = this.#sequence.position === null;
    this.link = link;
    if (ack.recovered) this.#take(ack.epoch, ack.messages);
    else this.#begin(this.#sequence.restart(ack.epoch, ack.seq, ack.messages), ack, !first);
    this.noteHead(ack.epoch, ack.seq, ack.recovered && ack.more);
    this.#list(ack.members);
  }

  /**
   * Takes messages that were pushed, or one that was said on this connection.
   * @param {string} epoch
   * @param {Frame[]} messages
   */
  heard(epoch, messages) {
    const other = this.#sequence.isOther(epoch) && !this.#sequence.isPast(epoch);
    this.#take(epoch, messages);
    if (other) this.#resync();
    else this.#repair();
  }

  /**
   * Learns of the head of the room's log.
   * @param {string} epoch
   * @param {number} seq
   * @param {boolean} [more] whether what is missing will not come by itself
   */
  noteHead(epoch, seq, more = false) {
    if (this.#sequence.isOther(epoch)) {
      this.#resync();
      return;
    }
    this.#sequence.noteHead(epoch, seq);
    this.#repair(more);
  }

  /**
   * Takes a joined or left.
   * @param {any} event
   */
  announced(event) {
    if (!this.#listed) return;
    const sure = this.#presence.count(event);
    this.#tellMembers();
    if (!sure) this.recount();
  }

  /** Asks who is there, soon; seldom while many come and go. */
  async recount() {
    if (this.#recounting || !this.#listed) return;
    this.#recounting = true;
    try {
      const calm = now() - this.#recountedAt > MAX_RECOUNT_MS;
      this.#recountMs = calm ? RECOUNT_MS : Math.min(2 * this.#recountMs, MAX_RECOUNT_MS);
      await atMost(jitter(this.#recountMs / 2, this.#recountMs), this.#ended);
      if (!this.wanted) return;
      this.#recountedAt = now();
      this.#list(await this.who());
    } catch {
      // The next announcement or connection brings another chance.
    } finally {
      this.#recounting = false;
    }
  }

  /**
   * Asks for everybody in the room, page by page.
   * @param {AbortSignal} [signal]
   * @returns {Promise<Member[]>}
   */
  async who(signal) {
    /** @type {Map<string, number>} */
    const all = new Map();
    let cursor;
    do {
      const page = await this.#client.ask({ action: 'who', room: this.name, ...(cursor && { cursor }) }, signal);
      page.members.forEach((/** @type {Member} */ { user, connections }) => all.set(user, (all.get(user) ?? 0) + connections));
      cursor = page.cursor;
    } while (cursor);
    return [...all].map(([user, connections]) => ({ user, connections }));
  }

  /** @param {Member[] | undefined} members */
  #list(members) {
    this.#listed = members !== undefined;
    if (members) this.#presence.list(members);
    this.#tellMembers();
  }

  #tellMembers() {
    this.#client.emit('presence', { room: this.name, members: this.members });
  }

  /**
   * @param {Frame[]} early what follows the page
   * @param {Frame} page
   * @param {boolean} cut
   */
  #begin(early, page, cut) {
    this.#client.emit('page', { room: this.name, ...readable(page), epoch: page.epoch, cut });
    early.forEach((message) => this.#tell(message));
  }

  /**
   * @param {string} epoch
   * @param {Frame[]} messages
   */
  #take(epoch, messages) {
    messages.flatMap((/** @type {any} */ message) => this.#sequence.add(epoch, message)).forEach((message) => this.#tell(message));
  }

  /** @param {Frame} message */
  #tell(message) {
    this.#client.emit('message', { room: this.name, ...message });
  }

  /** Another log began: joining again brings its newest page. Without a link the next connection does that. */
  #resync() {
    const link = this.link;
    this.link = undefined;
    if (link) this.#client.rejoin(link);
  }

  /** Waits for what is missing, then fetches it, until nothing is missing. */
  async #repair(atOnce = false) {
    if (this.#repairing || !this.#sequence.missing) return;
    this.#repairing = true;
    try {
      for (let patience = PATIENCE_MS; this.wanted && this.#sequence.missing; atOnce = false) {
        const before = this.#after;
        if (!atOnce) await this.#beforeItIsLost(patience);
        if (this.wanted && this.#sequence.missing) await this.#fetch();
        const moved = this.#after > before;
        patience = moved ? PATIENCE_MS : Math.min(2 * patience, MAX_PATIENCE_MS);
      }
    } catch (error) {
      this.#client.emit('error', { room: this.name, error }); // The next ping finds the gap again.
    } finally {
      this.#repairing = false;
    }
  }

  get #after() {
    return this.#sequence.position?.after ?? 0;
  }

  /**
   * What is missing may be late, or be the message that this client is saying: its answer is the only copy.
   * @param {number} patience
   */
  async #beforeItIsLost(patience) {
    await atMost(jitter(patience, 2 * patience), this.#ended);
    await atMost(10 * PATIENCE_MS, this.saying);
  }

  /** Fetches what follows the position, page after page, as far as it can be had now. */
  async #fetch() {
    for (let more = true; more && this.wanted; ) {
      const { epoch, after } = this.#sequence.position ?? { epoch: '', after: 0 };
      let page;
      try {
        page = await this.#client.ask({ action: 'history', room: this.name, after, ...(epoch && { epoch }) });
      } catch (/** @type {any} */ error) {
        if (error.code !== 'unrecoverable_position') throw error;
        this.#cut(error.details);
        return;
      }
      this.#take(page.epoch, page.messages);
      more = page.more && page.messages.length > 0;
    }
  }

  /**
   * What follows the position has expired, or its log has ended.
   * @param {Frame} newest
   */
  #cut(newest) {
    const { epoch, messages } = newest;
    const last = messages.at(-1)?.seq ?? 0;
    const stuck = epoch === this.#sequence.position?.epoch && last === 0;
    this.#begin(stuck ? this.#sequence.skip() : this.#sequence.restart(epoch, last, messages), newest, true);
  }
}

/**
 * What an application gets of a page: its messages without voids, and the number before which older ones are.
 * @param {Frame} page
 */
export function readable({ messages, more }) {
  return { messages: messages.filter((/** @type {Frame} */ message) => !message.void), more, first: messages[0]?.seq };
}
