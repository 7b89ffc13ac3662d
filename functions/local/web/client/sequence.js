/**
 * The order of one room's messages: whatever comes, from wherever and however often, goes out once and in order of
 * its number. It does no input or output.
 */

/** How many messages wait for one that is missing; history has the others. */
const MAX_HELD = 1000;

/** @typedef {import('./types.js').Entry} Entry */

/** What a room's log looks like from one client. */
export class Sequence {
  #epoch = '';
  #next = 0; // The number to deliver next; 0 before the first page.
  #head = 0; // The highest number known of.
  /** @type {Map<number, Entry & {epoch: string}>} Messages of any epoch that came too early, by number. */
  #held = new Map();
  /** @type {Set<string>} Logs that ended before this one began: what still comes of them is late. */
  #past = new Set();

  /** Up to where everything was delivered; null before the first page. */
  get position() {
    return this.#next === 0 ? null : { epoch: this.#epoch, after: this.#next - 1 };
  }

  /** Whether messages are known to exist that have not been delivered. */
  get missing() {
    return this.#next > 0 && this.#head >= this.#next;
  }

  /**
   * Whether there is another log than this one: the room began anew, and this client has to as well. Epochs have no order.
   * @param {string} epoch
   */
  isOther(epoch) {
    return this.#next > 0 && this.#epoch !== '' && epoch !== '' && epoch !== this.#epoch;
  }

  /**
   * Whether a message is of a log that this client has left behind.
   * @param {string} epoch
   */
  isPast(epoch) {
    return this.#past.has(epoch);
  }

  /**
   * Begins anew behind a page of the newest messages.
   * @param {string} epoch
   * @param {number} seq the head of the room
   * @param {Entry[]} messages ascending
   * @returns {Entry[]} messages that had come too early and follow the page
   */
  restart(epoch, seq, messages) {
    if (this.isOther(epoch)) this.#past.add(this.#epoch);
    this.#past.delete(epoch);
    this.#epoch = epoch;
    // An empty page of a room where somebody spoke: the newest message is being written, or all have expired. Asking
    // for the last one again tells which.
    this.#next = (messages.at(-1)?.seq ?? Math.max(seq, 1) - 1) + 1;
    this.#head = seq;
    const held = [...this.#held.values()];
    this.#held.clear();
    return held.flatMap((message) => this.add(message.epoch, message));
  }

  /**
   * Gives up on what is missing: it has expired.
   * @returns {Entry[]} what had come nevertheless
   */
  skip() {
    while (this.missing && this.#held.get(this.#next)?.epoch !== this.#epoch) this.#next++;
    return this.#ready();
  }

  /**
   * Learns of the head of the room's log.
   * @param {string} epoch
   * @param {number} seq
   */
  noteHead(epoch, seq) {
    this.#adopt(epoch);
    if (epoch === this.#epoch && seq > this.#head) this.#head = seq;
  }

  /**
   * Takes a message, a void or a repetition of either; of another epoch, too, or before the first page.
   * @param {string} epoch
   * @param {Entry} message
   * @returns {Entry[]} what can be delivered now, in order and without voids
   */
  add(epoch, message) {
    this.#adopt(epoch);
    const { seq } = message;
    if (this.isPast(epoch) || (epoch === this.#epoch && seq < this.#next)) return [];
    if ((this.#next === 0 || epoch === this.#epoch) && seq > this.#head) this.#head = seq;
    if (this.#held.size < MAX_HELD || seq === this.#next) this.#held.set(seq, { ...message, epoch });
    return this.#ready();
  }

  /**
   * A room's log gets its epoch with its first message.
   * @param {string} epoch
   */
  #adopt(epoch) {
    if (this.#next > 0 && this.#epoch === '') this.#epoch = epoch;
  }

  #ready() {
    const ready = [];
    for (;;) {
      const message = this.#held.get(this.#next);
      if (!message || message.epoch !== this.#epoch) return ready; // What is of another epoch waits for the restart.
      this.#held.delete(this.#next++);
      if (!message.void) ready.push(message);
    }
  }
}
