/**
 * Who is in a room. The service lists users with a count, and announces single connections: so an announcement that
 * comes soon after a list may or may not be counted in it already. Then the list has to be asked for again. So it has
 * to be when a departure that was heard before the list is told again: the service repeats it if it isn't sure.
 */

import { now } from './time.js';

/** @typedef {import('./types.js').Member} Member */

/** Within which the service tells of a change, and tells it again, unless it fails for longer. */
const ANNOUNCEMENT_MS = 90_000;
/** How many departures are remembered beyond a list. */
const MAX_GONE = 1000;

export class Presence {
  /** @type {Map<string, number>} The number of connections by user. */
  #counts = new Map();
  /** @type {Set<string>} Connections counted since the list came. */
  #joined = new Set();
  /** @type {Set<string>} */
  #left = new Set();
  /** @type {Set<string>} Connections that left before the list came, the latest last. */
  #gone = new Set();
  #listedAt = -Infinity;

  /** Sorted by name. @returns {Member[]} */
  get members() {
    return [...this.#counts]
      .map(([user, connections]) => ({ user, connections }))
      .sort((a, b) => a.user.localeCompare(b.user));
  }

  /**
   * Begins with a list from the service; the same user may be in it several times.
   * @param {Member[]} members
   */
  list(members) {
    this.#counts.clear();
    this.#gone = new Set([...this.#gone, ...this.#left].slice(-MAX_GONE));
    this.#joined.clear();
    this.#left.clear();
    members.forEach(({ user, connections }) => this.#add(user, connections));
    this.#listedAt = now();
  }

  /**
   * Counts an announcement, once however often it comes.
   * @param {{type: 'joined' | 'left', user: string, connection: string}} event
   * @returns {boolean} whether the count is sure; if not, ask for a list
   */
  count({ type, user, connection }) {
    const [seen, undone, step] = type === 'joined' ? [this.#joined, this.#left, 1] : [this.#left, this.#joined, -1];
    if (seen.has(connection)) return true;
    if (type === 'left' && this.#gone.has(connection)) return false;
    this.#gone.delete(connection);
    const known = undone.delete(connection);
    seen.add(connection);
    this.#add(user, step);
    return known || now() - this.#listedAt > ANNOUNCEMENT_MS;
  }

  /**
   * @param {string} user
   * @param {number} step
   */
  #add(user, step) {
    const count = (this.#counts.get(user) ?? 0) + step;
    if (count > 0) this.#counts.set(user, count);
    else this.#counts.delete(user);
  }
}
