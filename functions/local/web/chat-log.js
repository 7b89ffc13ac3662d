/**
 * How a conversation looks: its messages in a log that scrolls. Whatever others wrote becomes text, never markup.
 */

/** Messages of one person within this time share one head. */
const TOGETHER_MS = 5 * 60_000;
/** How near to an end of the log counts as being there, in pixels. */
const NEAR = 60;

/** Makes an element with a class, text and attributes. */
export function element(tag, className, text, attributes = {}) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** A round sign with a name's first letter. */
export function face(name) {
  const hue = [...name].reduce((sum, letter) => (31 * sum + letter.codePointAt(0)) % 7, 0);
  return element('span', 'face', [...name][0].toUpperCase(), { 'aria-hidden': 'true', 'data-hue': hue });
}

export class Log {
  #column = element('div', 'column');
  #older = element('button', 'older quiet', 'Load older messages', { type: 'button' });
  #loadOlder;
  #stuck = true; // Whether the newest message is in sight and has to stay there.

  /**
   * @param {string} label
   * @param {() => Promise<{messages: object[], more: boolean} | undefined>} loadOlder
   * @param {(stuck: boolean) => void} onScroll tells whether the newest message is in sight
   */
  constructor(label, loadOlder, onScroll) {
    this.#loadOlder = loadOlder;
    this.root = element('div', 'log', undefined, { role: 'log', 'aria-label': label, tabindex: '0' });
    this.root.append(this.#column);
    this.#column.append(this.#older);
    this.#older.hidden = true;
    this.#older.addEventListener('click', () => this.#showOlder());
    this.root.addEventListener('scroll', () => {
      const { scrollTop, scrollHeight, clientHeight } = this.root;
      this.#stuck = scrollHeight - scrollTop - clientHeight < NEAR;
      onScroll(this.#stuck);
      if (scrollTop < NEAR && this.root.isConnected && !this.root.hidden) this.#showOlder();
    });
    new ResizeObserver(() => this.#stuck && this.bottom()).observe(this.root);
  }

  /** Whether the newest message is in sight. */
  get stuck() {
    return this.#stuck;
  }

  /** Shows a page instead of everything. */
  replace(messages, more, cut) {
    this.root.setAttribute('aria-busy', 'true'); // Nobody wants a whole page read aloud.
    const pending = [...this.#column.querySelectorAll('.pending, .failed')];
    this.#column.replaceChildren(this.#older);
    this.#older.hidden = !more;
    if (cut) this.#column.append(element('p', 'mark cut', 'History was cut here: earlier messages could not be recovered.'));
    messages.forEach((message) => this.#append(message));
    this.#column.append(...pending);
    this.bottom();
    this.root.setAttribute('aria-busy', 'false');
  }

  /** Appends a message and returns its element. */
  add(message) {
    const added = this.#append(message);
    if (this.#stuck) this.bottom();
    return added;
  }

  /** Removes what was being sent, now that it has come. */
  settle(data) {
    const text = JSON.stringify(data);
    [...this.#column.querySelectorAll('.pending')].find((shown) => shown.sent === text)?.remove();
  }

  bottom() {
    this.root.scrollTop = this.root.scrollHeight;
    this.#stuck = true;
  }

  async #showOlder() {
    if (this.#older.hidden || this.#older.disabled) return;
    this.#older.disabled = true;
    this.root.setAttribute('aria-busy', 'true');
    try {
      const page = await this.#loadOlder();
      if (page) this.#prepend(page);
    } finally {
      this.#older.disabled = false;
      this.root.setAttribute('aria-busy', 'false');
    }
  }

  /** Puts a page above the rest, which stays where it is in sight. */
  #prepend({ messages, more }) {
    const fromEnd = this.root.scrollHeight - this.root.scrollTop;
    const rest = [...this.#column.children].slice(1);
    this.#column.replaceChildren(this.#older);
    messages.forEach((message) => this.#append(message));
    const first = rest.find((shown) => shown.message);
    this.#column.append(...rest.filter((shown) => !shown.dataset.day || shown.dataset.day !== this.#lastDay()));
    if (first) this.#group(first, this.#before(first));
    this.#older.hidden = !more;
    this.root.scrollTop = this.root.scrollHeight - fromEnd;
  }

  #lastDay() {
    const days = this.#column.querySelectorAll('[data-day]');
    return days[days.length - 1]?.dataset.day;
  }

  #before(shown) {
    let previous = shown.previousElementSibling;
    while (previous && !previous.message) {
      if (previous.classList.contains('mark')) return undefined;
      previous = previous.previousElementSibling;
    }
    return previous;
  }

  #append(message) {
    const day = new Date(message.at).toDateString();
    if (day !== this.#lastDay()) {
      const words = new Date(message.at).toLocaleDateString(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
      this.#column.append(element('p', 'mark', words, { 'data-day': day }));
    }
    const shown = draw(message);
    this.#column.append(shown);
    // What is still being sent stays last.
    if (!message.pending) {
      const pending = this.#column.querySelector('.pending, .failed');
      if (pending) pending.before(shown);
    }
    this.#group(shown, this.#before(shown));
    return shown;
  }

  /** Spares the head of a message that follows another one of the same person. */
  #group(shown, previous) {
    const follows = previous?.message.from.user === shown.message.from.user
      && Date.parse(shown.message.at) - Date.parse(previous.message.at) < TOGETHER_MS;
    shown.classList.toggle('again', Boolean(follows));
  }
}

/** Draws a message: who, when, what. */
function draw(message) {
  const { from, at, data, mine, pending } = message;
  const shown = element('article', 'message');
  shown.message = message;
  shown.sent = JSON.stringify(data);
  if (mine) shown.classList.add('own');
  if (pending) {
    shown.classList.add('pending');
    shown.setAttribute('aria-live', 'off'); // It will be read aloud when it has its place.
  }
  const head = element('p', 'head');
  const time = new Date(at).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
  head.append(element('b', '', mine ? 'You' : from.user), element('time', '', time, { datetime: at }));
  const [text, raw] = typeof data?.text === 'string' ? [data.text, false] : [JSON.stringify(data), true];
  shown.append(face(from.user), head, element('p', raw ? 'body raw' : 'body', text));
  return shown;
}

/** Writes a note under a message, such as why it was not sent. */
export function note(shown, text, failed = false) {
  shown.querySelector('.note')?.remove();
  shown.classList.toggle('failed', failed);
  if (failed) shown.classList.remove('pending');
  if (text) shown.append(element('p', 'note', text));
}
