/** Keeps one connection: opens it again when it breaks, and replaces it before it ends. */
import { Dialer, isFinal } from './dial.js';
import { disconnected } from './errors.js';
import { Ending, atMost, backoff, jitter, now, pause } from './time.js';

/** A connection that lasted this long was a good one: the ceiling of the waits begins anew. */
const STABLE_MS = 30_000;
/** A connection is replaced at a random time within this before its end, or a quarter of its life if that is less. */
const ROTATION_MS = 10 * 60_000;
const LIFE_MS = 2 * 60 * 60_000;
/** How long the old connection is kept for rooms that cannot be joined on the new one. */
const ROOMS_MS = 30_000;

/**
 * @typedef {import('./link.js').Link} Link
 * @typedef {object} Tells
 * @property {(link: Link) => void} use that a connection is in use from now on
 * @property {(link: Link) => Promise<any>} enter joins all rooms on a connection
 * @property {(state: import('./types.js').StateDetail) => void} state
 * @property {(error: any) => void} error
 */

export class Keeper {
  #dialer;
  #tells;
  #ending;
  #attempt = 0;
  #offline = false;
  /** @type {() => void} */
  #wake = () => {};
  /** The connection in use; undefined while there is none. @type {Link | undefined} */
  link;

  /**
   * Begins at once, and goes on until the ending.
   * @param {Dialer} dialer
   * @param {Tells} tells
   * @param {Ending} ending
   */
  constructor(dialer, tells, ending) {
    this.#dialer = dialer;
    this.#tells = tells;
    this.#ending = ending;
    this.#offline = globalThis.navigator?.onLine === false;
    tells.state({ state: 'connecting' });
    this.#run().catch(() => {}); // It ends with the ending.
  }

  /** Connects at once if it waits to do so. */
  wake() {
    this.#wake();
  }

  /** @param {boolean} offline whether the machine says that it has no network: attempts would be for nothing */
  network(offline) {
    this.#offline = offline;
    this.#attempt = 0;
    this.#wake();
  }

  async #run() {
    for (let began = true; !this.#ending.reason; began = false) {
      while (this.#offline) await this.#pause(Infinity);
      if (!began) this.#tells.state({ state: 'reconnecting' });
      try {
        await this.#session();
      } catch (error) {
        if (this.#ending.reason) return;
        this.#tells.error(error);
        if (isFinal(error)) return this.#tells.state({ state: 'failed', reason: /** @type {any} */ (error) });
      }
      if (!this.#ending.reason) await this.#pause(backoff(this.#attempt++));
    }
  }

  /** Connects, and stays so as long as connections follow each other without a break. */
  async #session() {
    let link = /** @type {Link | undefined} */ (await this.#dial(this.#ending));
    const began = now();
    while (link) link = await this.#use(link);
    if (now() - began >= STABLE_MS) this.#attempt = 0;
  }

  /** @param {Ending} ending */
  async #dial(ending) {
    const link = await this.#dialer.dial(ending);
    const drop = () => link.drop();
    this.#ending.stops.add(drop);
    link.closed.then(() => this.#ending.stops.delete(drop));
    return link;
  }

  /** @param {number} milliseconds */
  async #pause(milliseconds) {
    this.#tells.state({ state: 'reconnecting', ...(milliseconds < Infinity && { retryAt: Date.now() + milliseconds }) });
    const woken = new Promise((resolve) => (this.#wake = () => resolve(true)));
    await atMost(milliseconds, woken, this.#ending);
    this.#wake = () => {};
  }

  /**
   * Uses a connection until it ends or is replaced.
   * @param {Link} link
   * @returns {Promise<Link | undefined>} the connection that replaced it
   */
  async #use(link) {
    if (this.#ending.reason) return void link.drop(); // It may have come before anybody knew of this connection.
    this.link = link;
    this.#tells.use(link);
    return (this.link = await this.#replacement(link));
  }

  /**
   * Waits for the end of a connection, and opens the next one shortly before.
   * @param {Link} link
   */
  async #replacement(link) {
    const ending = new Ending();
    link.closed.then(() => ending.end(disconnected('the connection ended')));
    for (let attempt = 0; link.open; attempt++) {
      try {
        await pause(attempt === 0 ? rotateAfter(link) : backoff(attempt), ending);
        return await this.#rotate(link, ending);
      } catch (error) {
        if (link.open) this.#tells.error(error);
      }
    }
    return undefined;
  }

  /**
   * Opens a new connection, joins all rooms, and only then closes the old one: everything comes on at least one.
   * @param {Link} old
   * @param {Ending} ending of the old one
   */
  async #rotate(old, ending) {
    const link = await this.#dial(ending);
    await atMost(ROOMS_MS, Promise.race([this.#tells.enter(link), old.closed]));
    if (!link.open) {
      this.#tells.enter(old); // Rooms may be in on the new one only.
      throw disconnected('the connection ended');
    }
    old.retire();
    return link;
  }
}

/**
 * How long to use a connection. Its life is reckoned by the service's clock alone: this machine's may be wrong.
 * @param {Link} link
 */
function rotateAfter({ welcome: { connectedAt, expiresAt } }) {
  const life = Math.min(Date.parse(expiresAt) - Date.parse(connectedAt) || LIFE_MS, LIFE_MS);
  const margin = Math.min(ROTATION_MS, life / 4);
  return Math.max(life - jitter(margin / 2, margin), 1000);
}
