/** What is wrong, in words, and what can be done. A browser tells of a refused connection no more than that it failed. */

/** What is worst is told first. */
const ORDER = ['token', 'refused', 'gone', 'throttled', 'problem'];

/** What the service's limits and names are called in its own settings, so that whoever runs it finds them. */
const ADVICE = {
  gone: 'It is tried again by itself. What you write is kept and goes out then.',
  token: 'Give a new one to go on. The conversation and what you wrote stay as they are.',
};

/**
 * Finds out what keeps this page from connecting.
 * @param {object} known
 * @param {{code: string, message: string}} known.error what the client said
 * @param {boolean} known.online whether this machine has a network
 * @param {boolean | undefined} known.reachable whether the server answered something else; undefined if that is unknown
 * @param {string} known.host the server's
 * @param {string} known.origin this page's
 * @param {string} known.auth how the server lets people in, if it is known: "open" or "jwt"
 * @param {string} known.name
 * @param {{given: boolean, expired: boolean, end?: number}} known.token
 * @returns {{kind: string, title: string, text: string}} kind token: ask for one; refused: another name or page helps;
 *   gone: wait
 */
export function diagnose({ error, online, reachable, host, origin, auth, name, token }) {
  if (error.code === 'unsupported') return refused('This browser cannot connect', error.message);
  if (error.code === 'invalid_token') return needsToken('That is no token', `${sentence(error.message)}.`);
  if (error.code === 'forbidden') return refused(`${host} does not let this page in`, `Whoever runs it has to allow pages of ${origin} (ALLOWED_ORIGINS).`);
  if (online === false) return { kind: 'gone', title: 'This machine has no network', text: ADVICE.gone };
  if (reachable === false) return { kind: 'gone', title: `${host} does not answer`, text: ADVICE.gone };
  if (token.given && token.expired) return needsToken('Your token has expired', `It was good until ${time(token.end)}.`);
  if (auth === 'jwt' && !token.given) return needsToken('This server asks for a token', 'You have given none.');
  const unauthorized = error.code === 'unauthorized';
  if (token.given && (unauthorized || reachable)) return needsToken(`${host} refuses your token`, 'It may be for another service, of another issuer, or withdrawn.');
  if (unauthorized) return needsToken(`${host} refuses to let you in`, 'It may ask for a token.');
  if (reachable) return refused(`${host} refuses the name ${name}`, 'It may have as many connections of this name as it takes. Sign out and choose another name, or close other tabs.');
  return refused(`${host} cannot be reached, or refuses this page`, `If it is running: it has to allow pages of ${origin} (ALLOWED_ORIGINS), and this ${token.given ? 'token' : 'name'}. It is tried again by itself.`);
}

const needsToken = (title, text) => ({ kind: 'token', title, text: `${text} ${ADVICE.token}` });
const refused = (title, text) => ({ kind: 'refused', title, text });
const sentence = (text) => text[0].toUpperCase() + text.slice(1).replace(/\.$/, '');
const time = (at) => new Date(at).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });

/** Whole seconds until a time, in words; nothing if there is none or it is now. */
export function countdown(until, now = Date.now()) {
  const seconds = Math.ceil((until - now) / 1000);
  return seconds > 0 ? `${seconds} s` : '';
}

/** The card that tells of the worst of what is wrong. It lies over the conversation, which stays where it is. */
export class Trouble {
  #all = new Map(); // Kind -> {title, text, until?}.
  #parts;

  /** @param {Record<'root' | 'title' | 'text' | 'countdown' | 'form' | 'dismiss', HTMLElement>} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** Tells of something, until it is cleared or the time `until` has come. */
  tell(kind, { title, text, until }) {
    this.#all.set(kind, { title, text, until });
    this.#show();
  }

  clear(...kinds) {
    (kinds.length ? kinds : ORDER).forEach((kind) => this.#all.delete(kind));
    this.#show();
  }

  /** Counts down. */
  tick() {
    for (const [kind, { until }] of this.#all) if (until <= Date.now()) this.clear(kind);
    this.#parts.countdown.textContent = countdown(this.#worst?.until);
  }

  get #worst() {
    return this.#all.get(this.kind);
  }

  get kind() {
    return ORDER.find((kind) => this.#all.has(kind));
  }

  #show() {
    const { root, title, text, form, dismiss } = this.#parts;
    const { kind } = this;
    root.hidden = !kind;
    root.dataset.kind = kind ?? '';
    form.hidden = kind !== 'token';
    dismiss.hidden = kind !== 'problem';
    set(title, this.#worst?.title ?? '');
    set(text, this.#worst?.text ?? '');
    this.tick();
  }
}

/** A text that is set again would be read aloud again. */
function set(shown, text) {
  if (shown.textContent !== text) shown.textContent = text;
}
