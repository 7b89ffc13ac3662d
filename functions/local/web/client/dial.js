/**
 * Opens connections, and tells when it is of no use to go on. Browsers never tell why a handshake was refused, so this
 * takes evidence: a token that cannot be had or has ended, a status where the platform tells it, or, for a client that
 * has never been in, several refusals by a server that can be reached. What may be a bad minute of the service is none.
 */
import { WsEchoError, tooLate } from './errors.js';
import { Link } from './link.js';
import { atMost } from './time.js';

const PROTOCOL = 'wsecho.v1';
/** What the name of a subprotocol may be (RFC 6455, 4.1; RFC 9110, 5.6.2). */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
/** So many refusals in a row of a client that has never been in are no accident. */
const REFUSALS = 5;
const FINAL = ['unauthorized', 'forbidden', 'unsupported'];

/**
 * @typedef {object} DialOptions
 * @property {string | (() => string | undefined | Promise<string | undefined>)} [token]
 * @property {number} timeoutMs
 * @property {number} tokenTimeoutMs
 * @property {any} WebSocket
 * @property {(url: string) => Promise<boolean>} reachable
 */

/**
 * Whether an error of dial says that no other attempt can help.
 * @param {any} error
 */
export const isFinal = (error) => FINAL.includes(error?.code);

export class Dialer {
  #url;
  #options;
  #listener;
  #everIn = false;
  #refusals = 0;
  #denials = 0; // Refusals in a row of which the status told that they are about this client.
  #tokenEnded = false;

  /**
   * @param {URL} url
   * @param {DialOptions} options
   * @param {(message: import('./link.js').Frame, link: Link) => void} listener gets what is pushed
   */
  constructor(url, options, listener) {
    this.#url = url;
    this.#options = options;
    this.#listener = listener;
  }

  /** The service said that the token has ended. A function is asked for another. */
  tokenEnded() {
    this.#tokenEnded = true;
  }

  /**
   * Opens a connection and learns who it is.
   * @param {import('./time.js').Ending} ending
   * @returns {Promise<Link>}
   */
  async dial(ending) {
    if (typeof this.#options.WebSocket !== 'function') {
      throw new WsEchoError('unsupported', 'no WebSocket here: it takes Node 22, or the option WebSocket');
    }
    const bearer = await this.#token(ending);
    const link = new Link(this.#socket(bearer), this.#options.timeoutMs, this.#listener);
    try {
      await atMost(Infinity, link.opened, ending);
      link.welcome = await link.ask({ action: 'hello' }, Infinity, ending);
    } catch (error) {
      link.drop();
      throw ending.reason ?? (await this.#verdict(link, bearer)) ?? error;
    }
    this.#everIn = true;
    this.#tokenEnded = false;
    this.#refusals = this.#denials = 0;
    return link;
  }

  /** @param {import('./time.js').Ending} ending */
  async #token(ending) {
    const { token, tokenTimeoutMs } = this.#options;
    if (typeof token !== 'function') return checked(token);
    const got = await atMost(tokenTimeoutMs, fetched(token), ending);
    if (!got) throw tooLate('token() took too long');
    return checked(got.bearer);
  }

  /** @param {string | undefined} bearer */
  #socket(bearer) {
    try {
      return new this.#options.WebSocket(this.#url.href, bearer ? [PROTOCOL, `bearer.${bearer}`] : [PROTOCOL]);
    } catch (/** @type {any} */ { name }) { // Its message may have the token in it.
      throw new WsEchoError('unsupported', `no WebSocket to ${this.#url.host}: ${name}`);
    }
  }

  /**
   * Why no other attempt can help, if that is known.
   * @param {Link} link one that failed
   * @param {string | undefined} bearer
   */
  async #verdict({ refused, status }, bearer) {
    if (!refused) return undefined;
    const fixed = typeof this.#options.token !== 'function';
    if (fixed && bearer && (this.#tokenEnded || hasExpired(bearer))) return new WsEchoError('unauthorized', 'the token has expired');
    // A function gets one chance to have a better token.
    this.#denials = status === 401 || status === 403 ? this.#denials + 1 : 0;
    if (this.#denials > (fixed ? 0 : 1)) return new WsEchoError(status === 401 ? 'unauthorized' : 'forbidden', `the service refuses this client: ${status}`);
    if (this.#everIn || ++this.#refusals < REFUSALS || !(await this.#isReachable())) return undefined;
    return new WsEchoError(bearer ? 'unauthorized' : 'forbidden', `refused ${REFUSALS} times. Browsers hide why: a missing or bad token, a refused name, a forbidden origin or too many connections`);
  }

  async #isReachable() {
    const { origin, pathname } = this.#url;
    try {
      return await atMost(this.#options.timeoutMs, this.#options.reachable(origin.replace(/^ws/, 'http') + pathname));
    } catch {
      return false; // Nor if this machine does not let it ask.
    }
  }
}

/**
 * Whether something answers. No token goes there.
 * @param {string} url
 */
export async function answers(url) {
  const { status } = await fetch(url, { mode: 'no-cors', credentials: 'omit', cache: 'no-store' });
  return status < 500;
}

/** @param {() => string | undefined | Promise<string | undefined>} token */
async function fetched(token) {
  try {
    return { bearer: await token() };
  } catch (/** @type {any} */ error) {
    throw isFinal(error) ? new WsEchoError(error.code, error.message) : error;
  }
}

/**
 * What browsers say of a token that cannot be sent would repeat it.
 * @param {string | undefined} bearer
 */
function checked(bearer) {
  if (!bearer || TOKEN.test(bearer)) return bearer;
  throw new WsEchoError('invalid_token', 'the token has characters that no token has');
}

/**
 * Whether a token says itself that it has expired. It counts beside a refusal only: this machine's clock may be wrong.
 * @param {string} bearer
 */
function hasExpired(bearer) {
  try {
    return JSON.parse(atob(bearer.split('.')[1].replace(/-/g, '+').replace(/_/g, '/'))).exp * 1000 < Date.now();
  } catch {
    return false;
  }
}
