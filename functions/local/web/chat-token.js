/**
 * The token with which this page connects. It is kept in memory alone, for the one server that this page has, and is in
 * no text that the page shows.
 */

/** A connection that is replaced this long before its token ends is replaced because of it: a new one is needed. */
const ENDING_MS = 10 * 60_000;

/** When a token ends, if it is a JWT that says so (RFC 7519, 4.1.4), in milliseconds; else undefined. */
export function endOf(token) {
  try {
    const claims = JSON.parse(atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')));
    return typeof claims.exp === 'number' ? claims.exp * 1000 : undefined;
  } catch {
    return undefined; // Not every token is a JWT.
  }
}

export class Tokens {
  #token;
  #required;
  #refused = false;
  #asked; // The question that waits for an answer: {promise, resolve}.
  #ask;

  /**
   * @param {string | undefined} token the first one
   * @param {boolean} required whether nobody gets in without one, as far as is known
   * @param {() => void} ask asks the person for one, who answers with give
   */
  constructor(token, required, ask) {
    this.#token = token || undefined;
    this.#required = required;
    this.#ask = ask;
  }

  /** Whether somebody waits for a token. */
  get asking() {
    return this.#asked !== undefined;
  }

  get given() {
    return Boolean(this.#token);
  }

  /** When the token ends, in milliseconds; undefined where it doesn't say. */
  get end() {
    return this.#token && endOf(this.#token);
  }

  get expired() {
    return this.end <= Date.now();
  }

  /**
   * The token to connect with, if one is needed; a promise of it while the person is asked.
   * @param {boolean} connected whether this is to replace a connection that works
   */
  get(connected) {
    if (!this.#token && !this.#required && !this.#refused) return undefined;
    const soon = this.end - (connected ? ENDING_MS : 0) <= Date.now();
    if (this.#token && !this.#refused && !soon) return this.#token;
    if (!this.#asked) {
      this.#asked = {};
      this.#asked.promise = new Promise((resolve) => (this.#asked.resolve = resolve));
      this.#ask();
    }
    return this.#asked.promise;
  }

  /** The server does not take the token: the next one has to come from the person. */
  refuse() {
    this.#refused = true;
  }

  /** The person's answer; without one, the token that there is is tried again. */
  give(token = this.#token) {
    if (!token) return;
    this.#token = token;
    this.#refused = false;
    this.#asked?.resolve(token);
    this.#asked = undefined;
  }
}
