/** How one message looks. Whatever others wrote becomes text and links, by nodes and never by markup. */

const LINK = /https?:\/\/[^\s<>"`]+/gi;
const ENDING = /[.,;:!?'*_~…]/;
const BRACKETS = { ')': '(', ']': '[', '}': '{' };

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
  return element('span', 'face', ([...name][0] ?? '').toUpperCase(), { 'aria-hidden': 'true', 'data-hue': hue });
}

export function plural(n, one, many) {
  return `${n} ${n === 1 ? one : many}`;
}

/**
 * Finds the links in a text, of http and https only. One with a name before its host is none: https://bank@evil leads
 * to evil.
 * @returns {(string | {text: string, href: string})[]} the text's parts, in order
 */
export function parts(text) {
  const found = [];
  let end = 0;
  for (const { 0: match, index } of text.matchAll(LINK)) {
    const address = withoutEnding(match);
    const href = target(address);
    if (!href) continue;
    found.push(text.slice(end, index), { text: address, href });
    end = index + address.length;
  }
  return [...found, text.slice(end)].filter((part) => part !== '');
}

/** Leaves the sentence's own marks out of an address at its end, and a bracket that was opened before it. */
function withoutEnding(address) {
  const surplus = {}; // How many more brackets of a kind end than begin.
  for (const [close, open] of Object.entries(BRACKETS)) surplus[close] = address.split(close).length - address.split(open).length;
  let end = address.length;
  for (; end > 0; end--) {
    const last = address[end - 1];
    if (last in BRACKETS ? surplus[last]-- <= 0 : !ENDING.test(last)) break;
  }
  return address.slice(0, end);
}

function target(address) {
  try {
    const { href, username, password } = new URL(address);
    return username || password ? undefined : href;
  } catch {
    return undefined;
  }
}

function link({ text, href }) {
  return element('a', '', text, { href, target: '_blank', rel: 'noopener noreferrer' });
}

/** Draws a message: who, when, what. */
export function draw(message) {
  const { from, at, data, mine, pending, push } = message;
  const shown = element('article', 'message');
  shown.message = message;
  shown.classList.toggle('own', Boolean(mine));
  shown.classList.toggle('push', Boolean(push));
  if (pending) {
    shown.classList.add('pending');
    shown.setAttribute('aria-live', 'off'); // It will be read aloud when it has its place.
  }
  const head = element('p', 'head');
  const time = new Date(at).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
  head.append(element('b', '', push ?? (mine ? 'You' : from.user), { dir: 'auto' }), element('time', '', time, { datetime: at }));
  shown.append(push ? element('span', 'face', '»', { 'aria-hidden': 'true' }) : face(from.user), head, body(data));
  note(shown, message.note);
  return shown;
}

function body(data) {
  if (typeof data?.text !== 'string') return element('p', 'body raw', JSON.stringify(data), { dir: 'auto' });
  const made = element('p', 'body', undefined, { dir: 'auto' });
  made.append(...parts(data.text).map((part) => (part.href ? link(part) : part)));
  return made;
}

/** Writes a note under a message, such as why it was not sent. */
export function note(shown, text, failed = false) {
  shown.querySelector('.note')?.remove();
  shown.classList.toggle('failed', failed);
  if (failed) shown.classList.remove('pending');
  if (text) shown.append(element('p', 'note', text));
}
