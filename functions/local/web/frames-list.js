/** The list of the panel "Frames". It shows the frames that the tap keeps, and works only while it is open. */
import { make } from './frames-make.js';
import { Exchanges, indented, sized, wscatLine } from './frames-text.js';

/** As many rows as the tap keeps frames. */
const ROWS = 500;
/** How much of a frame is shown before it is unfolded, in characters. */
const PREVIEW = 300;
/** How near to its end counts as being there, in pixels. */
const NEAR = 40;
const WAYS = { out: ['↑', 'sent'], in: ['↓', 'received'], event: ['·', ''] };

export class List {
  #tap;
  #act;
  #rows = []; // {frame, kinds, item}, oldest first.
  #waiting = []; // Frames that come with the next picture of the screen.
  #exchanges;
  #paused = false;
  #missed = 0;
  #drawing;

  #items = make('ol', { 'aria-label': 'Frames, newest last' });
  #none = make('p', { class: 'hint frames-none' });
  #scroll = make('div', { class: 'frames-scroll', tabindex: '0', role: 'region', 'aria-label': 'List of frames' }, this.#items, this.#none);
  #way = select('frames-way', [['', 'Both'], ['out', 'Sent'], ['in', 'Received']]);
  #kind = select('frames-kind', [['', 'All types']]);
  #pause = make('button', { type: 'button', class: 'quiet', 'aria-pressed': 'false' }, 'Pause');
  #clear = make('button', { type: 'button', class: 'quiet' }, 'Clear');

  /**
   * @param {ReturnType<import('./frames-tap.js').tapped>} tap
   * @param {{edit: (text: string) => void, tell: (text: string) => void}} act what puts a frame into the editor, and what
   *   tells the person something
   */
  constructor(tap, act) {
    this.#tap = tap;
    this.#act = act;
    this.root = this.#scroll;
    this.controls = make('div', { class: 'frames-controls' },
      make('label', { for: 'frames-way', class: 'unseen' }, 'Direction'), this.#way,
      make('label', { for: 'frames-kind', class: 'unseen' }, 'Type or action'), this.#kind, this.#pause, this.#clear);
    this.#way.addEventListener('change', () => this.#filter());
    this.#kind.addEventListener('change', () => this.#filter());
    this.#pause.addEventListener('click', () => (this.#paused ? this.#resume() : this.#hold()));
    this.#clear.addEventListener('click', () => {
      tap.clear();
      this.open();
    });
  }

  /** Shows what the tap has, and from now on what comes. */
  open() {
    this.#resume();
    this.#tap.onframe = (frame) => this.#arrived(frame);
  }

  /** Shows nothing more, and keeps nothing. */
  close() {
    this.#tap.onframe = undefined;
    this.#empty();
  }

  #empty() {
    this.#rows = [];
    this.#waiting = [];
    this.#missed = 0;
    this.#exchanges = new Exchanges();
    this.#items.replaceChildren();
  }

  #hold() {
    this.#draw();
    this.#paused = true;
    this.#showPause();
  }

  #resume() {
    this.#paused = false;
    this.#empty();
    this.#waiting = [...this.#tap.frames];
    this.#draw();
    this.#showPause();
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }

  #showPause() {
    this.#pause.setAttribute('aria-pressed', this.#paused);
    this.#pause.textContent = this.#missed > 0 ? `Paused: ${this.#missed} more` : 'Pause';
  }

  #arrived(frame) {
    if (this.#paused) this.#missed++;
    else this.#waiting.push(frame);
    if (this.#waiting.length > ROWS) this.#waiting.shift(); // Nobody sees the page.
    this.#drawing ??= requestAnimationFrame(() => {
      this.#drawing = undefined;
      if (this.#paused) this.#showPause();
      else this.#draw();
    });
  }

  /** Appends the frames that have come, and drops as many old ones. */
  #draw() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroll;
    const following = scrollHeight - scrollTop - clientHeight < NEAR;
    const added = this.#waiting.splice(0).map((frame) => this.#row(frame));
    this.#rows.push(...added);
    this.#items.append(...added.map(({ item }) => item));
    this.#rows.splice(0, Math.max(0, this.#rows.length - ROWS)).forEach(({ item }) => item.remove());
    this.#offer(added);
    this.#showNone();
    if (following) this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }

  /** Adds kinds to the filter that it does not have yet. */
  #offer(rows) {
    const known = new Set([...this.#kind.options].map(({ value }) => value));
    for (const kind of new Set(rows.flatMap(({ kinds }) => kinds))) {
      if (!known.has(kind)) this.#kind.add(new Option(kind, kind), [...this.#kind.options].find(({ value }) => value > kind));
    }
  }

  #filter() {
    this.#rows.forEach((row) => (row.item.hidden = !this.#shows(row)));
    this.#showNone();
  }

  #shows({ frame, kinds }) {
    return (!this.#way.value || frame.way === this.#way.value) && (!this.#kind.value || kinds.includes(this.#kind.value));
  }

  #showNone() {
    this.#none.textContent = this.#rows.length > 0 ? 'No frame is of this kind.' : 'No frames yet. They come with the connection.';
    this.#none.hidden = this.#rows.some(({ item }) => !item.hidden);
  }

  #row(frame) {
    const reading = this.#exchanges.read(frame);
    const item = make('li', { class: 'frame', 'data-way': frame.way });
    const row = { frame, kinds: reading.kinds, item };
    item.hidden = !this.#shows(row);
    if (frame.way === 'event') item.append(make('p', { class: 'frame-line' }, ...labels(frame, reading), frame.text));
    else item.append(this.#unfolding(frame, reading));
    return row;
  }

  /** What shows a frame in a line, and whole when it is unfolded. */
  #unfolding(frame, reading) {
    const line = make('summary', { class: 'frame-line' }, ...labels(frame, reading), make('code', {}, frame.text.slice(0, PREVIEW)));
    const details = make('details', {}, line);
    details.addEventListener('toggle', () => details.children.length === 1 && details.append(this.#whole(frame)));
    return details;
  }

  #whole(frame) {
    const body = make('pre', { tabindex: '0', 'aria-label': 'The frame as JSON' }, indented(frame.text));
    const actions = make('p', { class: 'frame-actions' }, this.#copier('Copy JSON', frame.text));
    if (frame.way === 'out') {
      const edit = make('button', { type: 'button', class: 'quiet' }, 'Edit and send again');
      edit.addEventListener('click', () => this.#act.edit(indented(frame.text)));
      actions.append(this.#copier('Copy as wscat line', wscatLine(frame)), edit);
    }
    return make('div', { class: 'frame-whole' }, body, actions);
  }

  #copier(label, text) {
    const button = make('button', { type: 'button', class: 'quiet' }, label);
    button.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(text);
        this.#act.tell('Copied.');
      } catch {
        // Where the page comes over plain http from another machine, browsers have no clipboard.
        button.after(make('textarea', { readonly: '', rows: '3', 'aria-label': label }, text));
        button.nextElementSibling.select();
        this.#act.tell('This browser lets no page copy here: the text is selected.');
      }
    });
    return button;
  }
}

function select(id, options) {
  const made = make('select', { id });
  options.forEach(([value, text]) => made.add(new Option(text, value)));
  return made;
}

/** What is before a frame's text: when, which way, what, how large, and of which request. */
function labels(frame, { kind, of, took }) {
  const [arrow, words] = WAYS[frame.way];
  const parts = [
    make('time', { datetime: new Date(frame.at).toISOString() }, clock(frame.at)),
    make('span', { class: 'way', 'aria-hidden': 'true' }, arrow),
  ];
  if (frame.way === 'event') return parts;
  parts.push(make('span', { class: 'unseen' }, words), make('b', { class: 'kind' }, kind), make('span', { class: 'size' }, sized(frame.bytes)));
  parts.push(make('span', { class: 'of' }, of === undefined ? '' : `${of === kind ? 'reply' : `to ${of}`}, ${took} ms`));
  return parts;
}

/** A time of this place, to the millisecond. */
function clock(at) {
  const date = new Date(at);
  const two = (n) => String(n).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}
