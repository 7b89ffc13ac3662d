/**
 * One WebSocket to wsEcho: questions with correlation ids, answers as promises. It never reconnects; that is what Keeper
 * does, in keeper.js.
 *
 * Lines are slow, and answers get lost. So a question is asked again, with its id, only when a later one has been
 * answered: an answer that comes late is as good as one in time. And a connection is given up only when it is silent.
 */
import { WsEchoError, disconnected, refusal, tooLate } from './errors.js';
import { NEVER_MS, atATime, atMost, now } from './time.js';

/** The largest frame that API Gateway takes; a larger one closes the connection with 1009. */
const FRAME_BYTES = 32 * 1024;
/** Answers of up to 120 KB: only so many are asked for at a time, so that others need not wait behind all of them. */
const LARGE = /^(join|history)$/;
const LARGE_AT_A_TIME = 4;

/**
 * @typedef {Record<string, any>} Frame
 * @typedef {object} Asked
 * @property {boolean} small whether another answer would cost nothing: it is what finds out about others
 * @property {string} text
 * @property {(answer: Frame) => void} resolve
 * @property {(error: Error) => void} reject
 * @property {number} firstAt when it was sent first
 * @property {number} sentAt when it was sent last
 * @property {number} looks how often its answer was not there
 * @property {ReturnType<typeof setTimeout>} [timer]
 */

/** A connection. Its events come through the function and the promises that it has. */
export class Link {
  #socket;
  #timeoutMs;
  #listener;
  /** @type {Map<string, Asked>} by correlation id */
  #waiting = new Map();
  #lastId = 0;
  #heardAt = now();
  #answeredTo = -Infinity; // When the latest question was sent that has been answered.
  #probing = false;
  #turn = atATime(LARGE_AT_A_TIME);
  /** @type {(() => void)[]} */
  #idle = [];
  /** @type {() => void} */
  #ended = () => {};

  /** What the service said of this connection; set by whoever asked for it. @type {Frame} */
  welcome = {};
  /** Whether messages can be sent. */
  open = false;
  /** Whether it ended without having been open, and the status of the refusal where the platform tells. */
  refused = false;
  status = 0;
  /** Resolves when the connection has ended, for whatever reason. @type {Promise<void>} */
  closed = new Promise((resolve) => (this.#ended = resolve));
  /** Resolves when it is open; rejects if it ends before. @type {Promise<void>} */
  opened;

  /**
   * @param {any} socket a WebSocket that is still connecting
   * @param {number} timeoutMs
   * @param {(message: Frame, link: Link) => void} listener gets everything that is no answer to a question
   */
  constructor(socket, timeoutMs, listener) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    this.#listener = listener;
    this.opened = this.#opening();
    this.opened.catch(() => {}); // Whoever waits for it is told; nobody has to.
    socket.onmessage = (/** @type {{data: any}} */ event) => this.#receive(event.data);
    socket.onclose = () => this.#end();
    // A close follows. Browsers say no more; others tell the status of a refused handshake in words.
    socket.onerror = (/** @type {any} */ event) => {
      this.status = Number(/(?:response|status|code|error): (\d{3})\b/i.exec(event?.message)?.[1] ?? 0);
    };
  }

  async #opening() {
    const opened = new Promise((resolve) => (this.#socket.onopen = () => resolve((this.open = true))));
    const isOpen = await atMost(this.#timeoutMs, Promise.race([opened, this.closed.then(() => false)]));
    if (isOpen) return;
    this.refused = isOpen === false;
    this.drop();
    throw disconnected(this.refused ? 'the connection was refused' : 'the connection took too long');
  }

  /**
   * Sends a message, and waits for its answer. Rejects with the service's refusal, with "timeout", with "disconnected",
   * or as atMost does.
   * @param {Frame} message action and fields, without id
   * @param {number} [milliseconds]
   * @param {import('./time.js').Ending} [ending]
   * @param {AbortSignal} [signal]
   * @returns {Promise<Frame>}
   */
  async ask(message, milliseconds = Infinity, ending, signal) {
    const question = { id: '', over: false };
    const act = () => this.#start(message, question);
    try {
      const answer = LARGE.test(message.action) ? this.#turn(act) : act();
      const reply = await atMost(milliseconds, answer, ending, signal);
      if (reply) return reply;
      throw tooLate(`no answer to ${message.action} came`);
    } finally {
      question.over = true;
      this.#settle(question.id)?.reject(tooLate('given up'));
    }
  }

  /**
   * @param {Frame} message
   * @param {{id: string, over: boolean}} question gets its id
   * @returns {Promise<Frame>}
   */
  async #start(message, question) {
    if (!this.open || question.over) throw disconnected('the connection ended');
    const id = String(++this.#lastId);
    const text = JSON.stringify({ ...message, id });
    if (new TextEncoder().encode(text).length > FRAME_BYTES) {
      throw new WsEchoError('payload_too_large', `a message may have ${FRAME_BYTES} bytes`);
    }
    question.id = id;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { small: message.action === 'ping', text, resolve, reject, firstAt: now(), sentAt: 0, looks: 0 });
      this.#send(id);
    });
  }

  /** @param {string} id */
  #send(id) {
    const asked = /** @type {Asked} */ (this.#waiting.get(id));
    asked.sentAt = now();
    asked.looks = 0;
    this.#socket.send(asked.text);
    this.#expect(id, asked);
  }

  /**
   * Looks twice within the time that an answer may take: the first look finds out whether it may still come.
   * @param {string} id
   * @param {Asked} asked
   */
  #expect(id, asked) {
    asked.timer = setTimeout(() => {
      const lost = ++asked.looks > 1 && (asked.small || this.#answeredTo > asked.sentAt);
      if (lost) return this.#send(id);
      if (this.#answeredTo <= asked.sentAt) this.probe();
      this.#expect(id, asked);
    }, Math.min(this.#timeoutMs, NEVER_MS) / 2);
  }

  /** Finds out whether the other side is still there: gives the connection up if nothing at all comes in time. */
  async probe() {
    if (this.#probing || !this.open) return;
    this.#probing = true;
    const answer = this.#start({ action: 'ping' }, { id: '', over: false }).then(() => true, () => true);
    for (let since = now(); !(await atMost(since + this.#timeoutMs - now(), answer)); since = this.#heardAt) {
      if (this.#heardAt <= since) this.drop();
    }
    this.#probing = false;
  }

  /** Gives up on the connection at once: a dead one takes minutes to notice by itself. */
  drop() {
    this.#socket.close();
    this.#end();
  }

  /** Closes the connection when its questions are answered, or nothing comes any more. */
  async retire() {
    for (let since = now(); this.#waiting.size > 0; since = this.#heardAt) {
      await atMost(this.#timeoutMs, new Promise((resolve) => this.#idle.push(() => resolve(undefined))));
      if (this.#heardAt <= since) break;
    }
    this.drop();
  }

  /** @param {any} text */
  #receive(text) {
    this.#heardAt = now();
    const message = parse(text);
    if (message === undefined) return;
    if (message.id === undefined) {
      this.#listener(message, this);
      return;
    }
    const asked = this.#settle(message.id); // An id that nobody waits for is of an answer that came twice.
    if (!asked) return;
    this.#answeredTo = Math.max(this.#answeredTo, asked.firstAt);
    if (message.type === 'error') asked.reject(refusal(message));
    else asked.resolve(message);
  }

  /** @param {string} id */
  #settle(id) {
    const asked = this.#waiting.get(id);
    if (!asked) return undefined;
    clearTimeout(asked.timer);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#idle.splice(0).forEach((resolve) => resolve());
    return asked;
  }

  #end() {
    this.open = false;
    for (const id of [...this.#waiting.keys()]) {
      this.#settle(id)?.reject(disconnected('the connection ended'));
    }
    this.#ended();
  }
}

/**
 * @param {any} text
 * @returns {Frame | undefined}
 */
function parse(text) {
  try {
    const message = JSON.parse(text);
    return message !== null && typeof message === 'object' ? message : undefined;
  } catch {
    return undefined; // Nothing that this protocol has.
  }
}
