/**
 * Direct messages, which the service keeps for nobody: this browser does, for the person's other tabs and the time after
 * a reload. Each has an entry of its own in the browser's storage, so that two tabs that write at once lose nothing.
 */

/** How many of one person on one server are kept, and for how long. */
const KEPT = 300;
const KEPT_MS = 7 * 24 * 60 * 60_000;

export class Direct {
  #storage;
  #prefix;

  /**
   * @param {Storage} storage
   * @param {string} server
   * @param {string} user
   */
  constructor(storage, server, user) {
    this.#storage = storage;
    this.#prefix = `wsecho-direct ${server} ${user} `;
  }

  /** What is kept, the oldest first. What is too old is deleted. */
  load() {
    const all = this.#keys().map((key) => [key, parse(this.#storage.getItem(key))]);
    all.filter(([, kept]) => !isFresh(kept)).forEach(([key]) => this.#storage.removeItem(key));
    return all.map(([, kept]) => kept).filter(isFresh).sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  }

  /**
   * Keeps a message, and deletes the oldest ones beyond the limit.
   * @param {{id: string, peer: string, data: any, at: string, mine: boolean, note?: string}} message
   */
  add(message) {
    try {
      this.#storage.setItem(this.#prefix + message.id, JSON.stringify(message));
    } catch {
      return; // The browser's storage is full: what is in sight stays so until a reload.
    }
    if (this.#keys().length > KEPT) this.load().slice(0, -KEPT).forEach(({ id }) => this.#storage.removeItem(this.#prefix + id));
  }

  /** The message that another tab of this browser has kept, if a storage event tells of one. */
  told({ key, newValue }) {
    const kept = key?.startsWith(this.#prefix) && newValue ? parse(newValue) : undefined;
    return isFresh(kept) ? kept : undefined;
  }

  /** Deletes everything. */
  forget() {
    this.#keys().forEach((key) => this.#storage.removeItem(key));
  }

  #keys() {
    return Array.from({ length: this.#storage.length }, (_, n) => this.#storage.key(n)).filter((key) => key.startsWith(this.#prefix));
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isFresh = (kept) => typeof kept?.peer === 'string' && Date.now() - Date.parse(kept.at) < KEPT_MS;
