/**
 * A conversation's messages in a log that scrolls. However many come, drawing one costs the same: they are drawn once a
 * frame, and the oldest ones leave the log while its end is in sight. Scrolling up loads them again.
 *
 * In the column are, from above: what was there before the server lost its history (past), the button that loads older
 * messages, the messages, and what is still being sent (tail).
 */
import { soon } from './chat-paint.js';
import { draw, element } from './chat-text.js';

/** Messages of one person within this time share one head. */
const TOGETHER_MS = 5 * 60_000;
/** How near to an end of the log counts as being there, in pixels. */
const NEAR = 60;
/** How many messages stay in the log, and how many more may come before it is trimmed. */
const KEEP = 500;
const SLACK = 100;
/** How many there may be while somebody reads further up: later ones wait until the end is in sight again. */
const READING = 2 * KEEP;
/** How much is kept of what was there before the server lost its history. */
const PAST = 200;

export class Log {
  #column = element('div', 'column');
  #past = element('div', 'past');
  #older = element('button', 'older quiet', 'Load older messages', { type: 'button' });
  #tail = element('div', 'tail');
  #divider; // Above what is new.
  #queue = []; // Messages to draw.
  #dropped; // The last number that left the queue undrawn.
  #count = 0;
  #last; // The newest message's element.
  #stuck = true; // Whether the newest message is in sight and has to stay there.
  #draw = soon(() => this.#flush());
  #on;

  /**
   * @param {string} label
   * @param {object} on
   * @param {() => Promise<{messages: object[], more: boolean} | undefined>} on.older
   * @param {(stuck: boolean) => void} on.scroll tells whether the newest message is in sight
   * @param {(seq: number) => void} on.trim tells that what is before this number is not in the log any more
   */
  constructor(label, on) {
    this.#on = on;
    this.root = element('div', 'log', undefined, { role: 'log', 'aria-label': label, tabindex: '0' });
    this.root.append(this.#column);
    this.#column.append(this.#past, this.#older, this.#tail);
    this.#older.hidden = true;
    this.#older.addEventListener('click', () => this.#showOlder());
    this.root.addEventListener('scroll', () => this.#scrolled());
    new ResizeObserver(() => this.#stuck && this.#toBottom()).observe(this.root);
  }

  /** Whether the newest message is in sight. */
  get stuck() {
    return this.#stuck;
  }

  /** Whether there is nothing to see. */
  get empty() {
    return this.#count === 0 && this.#queue.length === 0 && !this.#past.hasChildNodes();
  }

  /** What is still being sent, or could not be. */
  get unsent() {
    return [...this.#tail.children];
  }

  /** Shows a page: the first one, or the one after `lost`, which says why what was there does not go on here. */
  replace(messages, more, lost) {
    this.root.setAttribute('aria-busy', 'true'); // Nobody wants a whole page read aloud.
    this.#flush(true);
    if (lost && !this.empty) this.#bury(lost);
    this.#clear();
    this.#older.hidden = !more;
    this.#append(messages);
    this.bottom();
    this.root.setAttribute('aria-busy', 'false');
  }

  /** Adds a message, soon. `fresh` is one that nobody has seen, and the first of those. */
  add(message) {
    this.#queue.push(message);
    if (this.#queue.length > KEEP) this.#dropped = this.#queue.shift().seq ?? this.#dropped ?? NaN;
    this.#draw();
  }

  /** Shows what is being sent and returns its element, which is the caller's to remove or to place. */
  send(message) {
    const shown = draw(message);
    this.#group(shown, this.#tail.lastChild ?? this.#last);
    this.#tail.append(shown);
    this.#divider?.remove();
    this.bottom();
    return shown;
  }

  /** Gives what was sent its place among the messages, where the answer is all that comes of it. */
  place(shown) {
    this.#flush();
    shown.classList.remove('pending');
    this.#group(shown, this.#last);
    this.#tail.before(shown);
    this.#count++;
    this.#last = shown;
    if (this.#stuck) this.#toBottom();
  }

  /** Removes what was being sent, now that it has come. */
  settle(data) {
    if (!this.#tail.hasChildNodes()) return;
    const text = JSON.stringify(data);
    this.unsent.find(({ message, classList }) => classList.contains('pending') && JSON.stringify(message.data) === text)?.remove();
  }

  bottom() {
    this.#stuck = true;
    this.#flush();
    this.#toBottom();
  }

  #toBottom() {
    this.root.scrollTop = this.root.scrollHeight;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.root;
    this.#stuck = scrollHeight - scrollTop - clientHeight < NEAR;
    if (this.#stuck && this.#queue.length > 0) this.#draw();
    this.#on.scroll(this.#stuck);
    if (scrollTop < this.#older.offsetTop + NEAR && !this.root.hidden) this.#showOlder();
  }

  /** Draws what came, unless somebody reads further up and the log is full. */
  #flush(anyhow = false) {
    if (this.#queue.length === 0) return;
    if (!anyhow && !this.#stuck && (this.#dropped !== undefined || this.#count >= READING)) return;
    if (this.#dropped !== undefined) this.#skip();
    this.#append(this.#queue.splice(0));
    if (!this.#stuck) return;
    this.#trim();
    this.#toBottom();
  }

  /** Between what is in the log and what is to be drawn are messages that only the history has. */
  #skip() {
    this.#clear();
    this.#past.replaceChildren();
    this.#forgotten(this.#dropped);
    this.#dropped = undefined;
  }

  #append(messages) {
    const drawn = document.createDocumentFragment();
    for (const message of messages) this.#put(message, drawn);
    this.#tail.before(drawn);
  }

  /** Draws a message, with its day if that is another one, and a divider if it is the first that is new. */
  #put(message, into) {
    const marks = [];
    if (!this.#last || day(message) !== day(this.#last.message)) marks.push(dayMark(message));
    if (message.fresh) marks.push(this.#divide());
    const shown = draw(message);
    this.#group(shown, marks.length ? undefined : this.#last);
    into.append(...marks, shown);
    this.#count++;
    this.#last = shown;
  }

  #divide() {
    this.#divider?.remove();
    this.#divider = element('p', 'mark new', 'New messages');
    return this.#divider;
  }

  #clear() {
    for (const shown of this.#messages()) shown.remove();
    this.#count = 0;
    this.#last = undefined;
  }

  /** What stands between the button and what is being sent: messages and marks. */
  #messages() {
    const all = [...this.#column.children];
    return all.slice(2, -1);
  }

  /** Keeps what was there above a mark. */
  #bury(lost) {
    this.#past.append(...this.#messages(), element('p', 'mark cut', lost));
    const surplus = this.#past.children.length - PAST;
    [...this.#past.children].slice(0, Math.max(0, surplus)).forEach((shown) => shown.remove());
  }

  /** Takes the oldest messages out of the log. */
  #trim() {
    if (this.#count <= KEEP + SLACK) return;
    this.#past.replaceChildren();
    let seq;
    for (let shown = this.#older.nextSibling; this.#count > KEEP || !shown.message; shown = this.#older.nextSibling) {
      if (shown.message) this.#count--;
      seq = shown.message?.seq ?? seq;
      shown.remove();
    }
    this.#group(this.#older.nextSibling, undefined);
    this.#forgotten(seq);
  }

  /** Offers to load what is up to a number, where there is a history. */
  #forgotten(seq) {
    if (!(seq >= 0)) return;
    this.#older.hidden = false;
    this.#on.trim(seq + 1);
  }

  async #showOlder() {
    if (this.#older.hidden || this.#older.disabled) return;
    this.#older.disabled = true;
    this.root.setAttribute('aria-busy', 'true');
    try {
      const page = await this.#on.older();
      if (page) this.#prepend(page);
    } finally {
      this.#older.disabled = false;
      this.root.setAttribute('aria-busy', 'false');
    }
  }

  /** Puts a page above the rest, which stays where it is in sight. */
  #prepend({ messages, more }) {
    const fromEnd = this.root.scrollHeight - this.root.scrollTop;
    const newest = this.#last;
    const above = document.createDocumentFragment();
    this.#last = undefined;
    for (const message of messages) this.#put(message, above);
    if (newest) this.#join(this.#last);
    this.#last = newest ?? this.#last;
    this.#older.after(above);
    this.#older.hidden = !more;
    this.root.scrollTop = this.root.scrollHeight - fromEnd;
  }

  /** Joins the log's first messages to the last one of a page above them: one mark a day, one head for the same person. */
  #join(above) {
    if (!above) return;
    let first = this.#older.nextSibling;
    const same = (shown) => day(shown.message) === day(above.message);
    if (first.dataset.day) {
      const mark = first;
      first = mark.nextSibling;
      if (first.message && same(first)) mark.remove();
    } else if (first.message && !same(first)) {
      first.before(dayMark(first.message));
    }
    if (first.message && same(first)) this.#group(first, above);
  }

  /** Spares the head of a message that follows another one of the same person. */
  #group(shown, previous) {
    const [one, other] = [previous?.message, shown.message];
    const follows = one && one.from.user === other.from.user && Boolean(one.mine) === Boolean(other.mine) && one.push === other.push
      && Date.parse(other.at) - Date.parse(one.at) < TOGETHER_MS;
    shown.classList.toggle('again', Boolean(follows));
  }
}

const day = ({ at }) => new Date(at).toDateString();

function dayMark(message) {
  const words = new Date(message.at).toLocaleDateString(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
  return element('p', 'mark', words, { 'data-day': day(message) });
}
