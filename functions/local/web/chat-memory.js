/** What this tab remembers of what it was doing on a server, so that it goes on there after a reload. Never a token. */

/** Connections that are remembered as this tab's own: so that it knows what it said itself, by whatever name. */
const OWN = 200;

export class Memory {
  #storage;
  #key;

  /**
   * @param {Storage} storage of this tab
   * @param {string} server
   */
  constructor(storage, server) {
    this.#storage = storage;
    this.#key = `wsecho-chat ${server}`;
    this.own = new Set(this.load()?.own);
  }

  /** What was saved; undefined if that was nothing. */
  load() {
    return JSON.parse(this.#storage.getItem(this.#key) ?? 'null') ?? undefined;
  }

  /** @param {{name: string, rooms: string[], active?: string, withToken: boolean, drafts: Record<string, string>}} state */
  save(state) {
    try {
      this.#storage.setItem(this.#key, JSON.stringify({ ...state, own: [...this.own].slice(-OWN) }));
    } catch {
      // The browser's storage is full: what was saved last stays.
    }
  }

  forget() {
    this.#storage.removeItem(this.#key);
    this.own.clear();
  }

  /** Whether this tab said something: the client knows it of its own connections, and this of those before a reload. */
  said({ own, from }) {
    if (own && from.connection) this.own.add(from.connection);
    return Boolean(own) || this.own.has(from?.connection);
  }
}
