/** What the panel "Frames" reads in frames, and what it makes of them. No document is needed for it. */

/** Requests that are remembered until their reply comes. */
const REMEMBERED = 500;

/** Reads frames in their order, and finds each reply's request. */
export class Exchanges {
  #asked = new Map(); // Connection and id -> {kind, at}.
  #limit;

  constructor(limit = REMEMBERED) {
    this.#limit = limit;
  }

  /**
   * @param {import('./frames-tap.js').Frame} frame
   * @returns {{kind: string, kinds: string[], of?: string, took?: number}} kind is its type or action; kinds are all that
   *   it is found by; of a reply, the action of its request and the milliseconds since
   */
  read(frame) {
    if (frame.way === 'event') return { kind: 'connection', kinds: ['connection'] };
    const message = parse(frame.text);
    const kind = kindOf(frame.way, message);
    const asked = message?.id !== undefined && this.#match(frame, kind, `${frame.socket} ${message.id}`);
    if (!asked) return { kind, kinds: [kind] };
    return { kind, kinds: [...new Set([kind, asked.kind])], of: asked.kind, took: frame.at - asked.at };
  }

  /** Remembers a request; of a reply, returns the request. */
  #match({ way, at }, kind, key) {
    if (way === 'in') {
      const asked = this.#asked.get(key);
      this.#asked.delete(key);
      return asked;
    }
    this.#asked.set(key, { kind, at });
    if (this.#asked.size > this.#limit) this.#asked.delete(this.#asked.keys().next().value);
    return undefined;
  }
}

function kindOf(way, message) {
  const kind = way === 'out' ? message?.action : message?.type;
  if (typeof kind === 'string') return kind;
  return way === 'in' && kind === undefined && typeof message?.message === 'string' ? 'gatewayError' : 'other';
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A frame's JSON, indented; what is no JSON stays as it is. */
export function indented(text) {
  const message = parse(text);
  return message === undefined ? text : JSON.stringify(message, null, 2);
}

/** A size for people. */
export const sized = (bytes) => (bytes < 1000 ? `${bytes} B` : `${(bytes / 1000).toFixed(1)} kB`);

/**
 * A line for a shell that connects as the frame's connection did, and sends the frame. Where that had a token the line
 * takes one of the environment: it has none itself.
 */
export function wscatLine({ url, token, text }) {
  const { origin, pathname, searchParams } = new URL(url);
  const user = searchParams.get('user');
  const address = `${origin}${pathname}${user ? `?user=${encodeURIComponent(user)}` : ''}`;
  const bearer = token ? ' -s "bearer.$TOKEN"' : '';
  return `wscat -c ${quoted(address)} -s wsecho.v1${bearer} -w -1 -x ${quoted(text.replace(/\s*[\r\n]\s*/g, ''))}`;
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

let handmade = 0;

/**
 * An example with an id of its own, which is none of the client's, and if it has a key, a new one: the service knows the
 * key of an example that was sent before.
 */
export function fresh({ action, ...example }) {
  return {
    action,
    ...example,
    id: `hand-${++handmade}`,
    ...('key' in example && { key: crypto.randomUUID() }),
  };
}
