/** Who is in the conversation in sight. */
import { element, face, plural } from './chat-text.js';

const NONE = {
  room: 'Too many to list.',
  user: 'A direct conversation. The service keeps none of its messages: this browser does, until you sign out.',
  notices: 'What other services and everybody\u2019s broadcasts say. Nobody keeps it.',
};

/**
 * Lists people.
 * @param {{list: HTMLElement, none: HTMLElement, subtitle: HTMLElement}} parts
 * @param {{kind: string, members?: {user: string, connections: number}[]}} talk
 * @param {string} me
 * @param {(user: string) => void} message
 */
export function showPeople({ list, none, subtitle }, { kind, members }, me, message) {
  const listed = kind === 'room' && members;
  list.replaceChildren(...(listed || []).map((member) => person(member, me, message)));
  none.textContent = listed ? '' : NONE[kind];
  none.hidden = Boolean(listed);
  const connections = listed && members.reduce((sum, member) => sum + member.connections, 0);
  subtitle.textContent = listed
    ? `${plural(members.length, 'person', 'people')}, ${plural(connections, 'connection', 'connections')}`
    : { user: 'Kept in this browser only', notices: 'Kept nowhere' }[kind] ?? '';
}

function person({ user, connections }, me, message) {
  const item = element('li');
  const you = user === me;
  item.append(face(user), element('span', 'name', you ? `${user} (you)` : user, { dir: 'auto' }));
  if (connections > 1) item.append(element('span', 'count', plural(connections, 'connection', 'connections')));
  if (you) return item;
  const button = element('button', 'quiet', 'Message', { type: 'button', 'aria-label': `Message ${user} directly` });
  button.addEventListener('click', () => message(user));
  item.append(button);
  return item;
}
