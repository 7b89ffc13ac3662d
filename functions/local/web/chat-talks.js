/** The conversations: rooms, people, and the notices that belong to neither. */
import { Log } from './chat-log.js';
import { soon } from './chat-paint.js';
import { element } from './chat-text.js';

/** What a conversation of each kind is called. */
export const keyOf = { room: (name) => `#${name}`, user: (name) => `@${name}`, notices: () => 'Notices' };

/**
 * @typedef {object} Talk
 * @property {string} key
 * @property {'room' | 'user' | 'notices'} kind
 * @property {string} name of the room or person
 * @property {number} unread
 * @property {string} draft
 * @property {Log} log
 * @property {number} [first] the number before which older messages are
 * @property {string} [epoch] the history to which the messages belong
 * @property {object[]} [members]
 */

export class Talks {
  #all = new Map(); // Key -> Talk.
  #parts;
  #on;
  /** The conversation in sight. */
  current;
  /** Lists them all, soon. */
  list = soon(() => this.#list());

  /**
   * @param {{list: HTMLElement, logs: HTMLElement, newer: HTMLElement, menu: HTMLElement}} parts
   * @param {object} on
   * @param {(talk: Talk) => Promise<object | undefined>} on.older loads older messages
   * @param {(talk: Talk, before?: Talk) => void} on.show
   * @param {(talk: Talk) => void} on.pick the person chose one
   */
  constructor(parts, on) {
    this.#parts = parts;
    this.#on = on;
  }

  get all() {
    return [...this.#all.values()];
  }

  find(kind, name) {
    return this.#all.get(keyOf[kind](name));
  }

  get(key) {
    return this.#all.get(key);
  }

  /** The conversation, which begins if there is none. */
  open(kind, name = '', draft = '') {
    const key = keyOf[kind](name);
    if (this.#all.has(key)) return this.#all.get(key);
    const talk = { key, kind, name, draft, unread: 0 };
    talk.log = new Log(`Messages in ${key}`, {
      older: () => this.#on.older(talk),
      scroll: (stuck) => talk === this.current && stuck && this.seen(),
      trim: (first) => (talk.first = first),
    });
    talk.log.root.hidden = true;
    this.#all.set(key, talk);
    this.#parts.logs.append(talk.log.root);
    this.list();
    return talk;
  }

  show(talk) {
    if (this.current) this.current.log.root.hidden = true;
    this.current = talk;
    talk.log.root.hidden = false;
    talk.log.bottom();
    this.seen();
    this.#on.show(talk);
  }

  /** Ends a conversation, and shows another one if it was in sight. */
  close(talk) {
    talk.log.root.remove();
    this.#all.delete(talk.key);
    if (talk === this.current) {
      this.current = undefined;
      const [next] = this.#all.values();
      if (next) this.show(next);
    }
    this.list();
  }

  /** Ends them all. */
  clear() {
    this.#all.forEach((talk) => talk.log.root.remove());
    this.#all.clear();
    this.current = undefined;
    this.list();
  }

  /** The newest message of the conversation in sight has been seen. */
  seen() {
    if (!this.current) return;
    this.#parts.newer.hidden = true;
    if (this.current.unread === 0) return;
    this.current.unread = 0;
    this.list();
  }

  /** Adds a message to a conversation, which counts as unread where nobody sees it. */
  arrived(talk, message) {
    if (message.mine) talk.log.settle(message.data);
    const inSight = talk === this.current && talk.log.stuck && document.visibilityState !== 'hidden';
    if (inSight || message.mine) {
      talk.log.add(message);
      return;
    }
    talk.log.add({ ...message, fresh: talk.unread === 0 });
    talk.unread++;
    if (talk === this.current) this.#parts.newer.hidden = talk.log.stuck;
    this.list();
  }

  #list() {
    const unread = this.all.reduce((sum, talk) => sum + talk.unread, 0);
    const focused = this.#parts.list.contains(document.activeElement) && document.activeElement.dataset.key;
    this.#parts.list.replaceChildren(...this.all.map((talk) => this.#item(talk)));
    if (focused) [...this.#parts.list.querySelectorAll('button')].find(({ dataset }) => dataset.key === focused)?.focus();
    this.#parts.menu.textContent = unread || '';
    document.title = `${unread ? `(${unread}) ` : ''}${this.current ? `${this.current.key} – ` : ''}wsEcho chat`;
  }

  #item(talk) {
    const button = element('button', '', undefined, { type: 'button', 'data-key': talk.key });
    button.append(element('span', 'name', talk.key, { dir: 'auto' }));
    if (talk.draft && talk !== this.current) button.append(element('span', 'count', 'Draft'));
    if (talk.unread) button.append(element('span', 'unread', talk.unread, { 'aria-label': `${talk.unread} unread` }));
    if (talk === this.current) button.setAttribute('aria-current', 'true');
    button.addEventListener('click', () => this.#on.pick(talk));
    const item = element('li');
    item.append(button);
    return item;
  }
}
