/**
 * Who is in a room. The service lists users with a count, and announces single connections: so an announcement that
 * comes soon after a list may or may not be counted in it already. Then the list has to be asked for again. So it has
 * to be when a departure that was heard before the list is told again: the service repeats it if it isn't sure.
 */

/** Within which the service tells of a change, and tells it again, unless it fails for longer. */
const ANNOUNCEMENT_MS = 90_000;
/** How many departures are remembered beyond a list. */
const MAX_GONE = 1000;

export class Presence {
  #counts = new Map(); // User -> number of connections.
  #joined = new Set(); // Connections counted since the list came.
  #left = new Set();
  #gone = new Set(); // Connections that left before the list came, the latest last.
  #listedAt = -Infinity;

  /** @returns {{user: string, connections: number}[]} sorted by name */
  get members() {
    return [...this.#counts]
      .map(([user, connections]) => ({ user, connections }))
      .sort((a, b) => a.user.localeCompare(b.user));
  }

  /** Begins with a list from the service; the same user may be in it several times. */
  list(members) {
    this.#counts.clear();
    this.#gone = new Set([...this.#gone, ...this.#left].slice(-MAX_GONE));
    this.#joined.clear();
    this.#left.clear();
    members.forEach(({ user, connections }) => this.#add(user, connections));
    this.#listedAt = Date.now();
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
    return known || Date.now() - this.#listedAt > ANNOUNCEMENT_MS;
  }

  #add(user, step) {
    const count = (this.#counts.get(user) ?? 0) + step;
    if (count > 0) this.#counts.set(user, count);
    else this.#counts.delete(user);
  }
}
