/**
 * What is wrong with a frame that a person wrote, and where. JSON.parse says it in words of its own in every browser,
 * often without a place, and takes a key twice, which the service does not.
 */
import { bytesOf } from './frames-tap.js';

/** The largest frame that API Gateway takes. */
const FRAME_BYTES = 32 * 1024;
/** More than the service takes, and less than this takes. */
const LEVELS = 100;

/**
 * @param {string} text
 * @returns {{message: string, line: number, column: number, at: number} | undefined} undefined if it can be sent
 */
export function faultOf(text) {
  try {
    if (bytesOf(text) > FRAME_BYTES) throw new Fault('a frame has at most 32,768 bytes: the connection would be closed');
    new Reader(text).read();
    checkMessage(JSON.parse(text));
    return undefined;
  } catch (fault) {
    const { message, at = 0 } = fault;
    const before = text.slice(0, at).split('\n');
    return { message, at, line: before.length, column: before.at(-1).length + 1 };
  }
}

/** What the protocol wants of every message, and this page of those that are sent over its connection. */
function checkMessage(message) {
  if (message === null || typeof message !== 'object' || Array.isArray(message)) throw new Fault('a message is an object: { … }');
  if (typeof message.action !== 'string') throw new Fault('an "action" is missing, or is no string');
  if (/^\d+$/.test(message.id)) throw new Fault('an "id" of digits alone may be one that this page waits for: choose another, such as "hand-1"');
}

class Fault extends Error {
  constructor(message, at) {
    super(message);
    this.at = at;
  }
}

/** Reads JSON (RFC 8259) from its first character to its first fault. */
class Reader {
  #text;
  #at = 0;

  constructor(text) {
    this.#text = text;
  }

  read() {
    this.#space();
    if (this.#at === this.#text.length) throw new Fault('there is nothing to send', 0);
    this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) this.#fail('there is more after the end of the message');
  }

  #fail(message, at = this.#at) {
    throw new Fault(message, at);
  }

  #space() {
    this.#take(/[ \t\n\r]*/y);
  }

  /** Takes what matches here, if anything does. */
  #take(pattern) {
    pattern.lastIndex = this.#at;
    const taken = pattern.exec(this.#text)?.[0];
    this.#at += taken?.length ?? 0;
    return taken;
  }

  #value(level) {
    if (level > LEVELS) this.#fail('this is nested too deeply');
    const first = this.#text[this.#at];
    if (first === '{') this.#object(level);
    else if (first === '[') this.#array(level);
    else if (first === '"') this.#string();
    else if (!this.#take(/-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?(?![\w.+-])|(true|false|null)(?!\w)/y)) {
      this.#fail(first === "'" ? 'a string has double quotes' : 'a value is missing here: a string in double quotes, a number, true, false, null, [ … ] or { … }');
    }
  }

  #object(level) {
    const keys = new Set();
    this.#items('{', '}', () => {
      const at = this.#at;
      const key = this.#key();
      if (keys.has(key)) this.#fail(`the key "${key}" appears twice`, at);
      keys.add(key);
      this.#space();
      if (!this.#take(/:/y)) this.#fail('a : is missing here');
      this.#space();
      this.#value(level + 1);
    });
  }

  #key() {
    if (this.#text[this.#at] !== '"') this.#fail('a key in double quotes is missing here');
    return JSON.parse(this.#string());
  }

  #array(level) {
    this.#items('[', ']', () => this.#value(level + 1));
  }

  /** Reads what is between two brackets, separated by commas. */
  #items(opening, closing, item) {
    this.#at += opening.length;
    this.#space();
    if (this.#ends(closing)) return;
    for (;;) {
      this.#space();
      item();
      this.#space();
      if (this.#ends(closing)) return;
      if (!this.#take(/,/y)) this.#fail(`a , or ${closing} is missing here`);
    }
  }

  #ends(closing) {
    if (this.#text[this.#at] !== closing) return false;
    this.#at++;
    return true;
  }

  #string() {
    return this.#take(/"([^"\\\u0000-\u001f]|\\(["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y)
      ?? this.#fail('this string has no end, or has something in it that needs a \\ before it');
  }
}
