/**
 * The order of one room's messages: whatever comes, from wherever and however often, goes out once and in order of
 * its number. It does no input or output.
 */

/** How many messages wait for one that is missing; history has the others. */
const MAX_HELD = 1000;

/** What a room's log looks like from one client. */
export class Sequence {
  #epoch = '';
  #next = 0; // The number to deliver next; 0 before the first page.
  #head = 0; // The highest number known of.
  #held = new Map(); // Number -> message of any epoch that came too early.

  /** Up to where everything was delivered; null before the first page. */
  get position() {
    return this.#next === 0 ? null : { epoch: this.#epoch, after: this.#next - 1 };
  }

  /** The highest number known of. */
  get head() {
    return this.#head;
  }

  /** Whether messages are known to exist that have not been delivered. */
  get missing() {
    return this.#next > 0 && this.#head >= this.#next;
  }

  /** Whether a message belongs to another log than this one: the room began anew, and this client has to as well. */
  isNewer(epoch) {
    return this.#next > 0 && this.#epoch !== '' && epoch > this.#epoch;
  }

  /**
   * Begins anew behind a page of the newest messages.
   * @param {string} epoch
   * @param {number} seq the head of the room
   * @param {object[]} messages ascending
   * @returns {object[]} messages that had come too early and follow the page
   */
  restart(epoch, seq, messages) {
    this.#epoch = epoch;
    // An empty page of a room where somebody spoke: the newest message is being written, or all have expired. Asking
    // for the last one again tells which.
    this.#next = messages.length > 0 ? messages.at(-1).seq + 1 : Math.max(seq, 1);
    this.#head = seq;
    const held = [...this.#held.values()];
    this.#held.clear();
    return held.flatMap((message) => this.add(message.epoch, message));
  }

  /** Gives up on everything up to a number: it has expired. */
  skip(seq) {
    this.#next = Math.max(this.#next, seq + 1);
  }

  /** Learns of the head of the room's log. */
  noteHead(epoch, seq) {
    this.#adopt(epoch);
    if (epoch === this.#epoch) this.#head = Math.max(this.#head, seq);
  }

  /**
   * Takes a message, a void or a repetition of either; of a newer epoch, too, or before the first page.
   * @param {string} epoch
   * @param {{seq: number, void?: boolean}} message
   * @returns {object[]} what can be delivered now, in order and without voids
   */
  add(epoch, message) {
    this.#adopt(epoch);
    if (this.#next > 0 && (epoch < this.#epoch || (epoch === this.#epoch && message.seq < this.#next))) return [];
    if (this.#next === 0 || epoch === this.#epoch) this.#head = Math.max(this.#head, message.seq);
    if (this.#held.size < MAX_HELD || message.seq === this.#next) this.#held.set(message.seq, { ...message, epoch });
    return this.#ready();
  }

  /** A room's log gets its epoch with its first message. */
  #adopt(epoch) {
    if (this.#next > 0 && this.#epoch === '') this.#epoch = epoch;
  }

  #ready() {
    const ready = [];
    // What is of a newer epoch waits for the restart.
    while (this.#held.get(this.#next)?.epoch === this.#epoch) {
      const message = this.#held.get(this.#next);
      this.#held.delete(this.#next++);
      if (!message.void) ready.push(message);
    }
    return ready;
  }
}
