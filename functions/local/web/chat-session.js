/** What somebody does who is signed in: joins, leaves, looks at conversations, signs out. */
import { $, here, me, problem } from './chat-here.js';
import { soon } from './chat-paint.js';
import { showPeople } from './chat-people.js';
import { closeDirect, forgetDirect } from './chat-private.js';
import { Talks } from './chat-talks.js';

here.talks = new Talks({ list: $('talks'), logs: $('logs'), newer: $('newer'), menu: $('menu-unread') }, { older, show: shown, pick });

/** Remembers where this tab is, soon. */
export const remember = soon(save);
addEventListener('pagehide', save);

function save() {
  if (!here.client) return;
  const { all, current } = here.talks;
  const drafts = Object.fromEntries(all.filter(({ draft }) => draft).map(({ key, draft }) => [key, draft]));
  const rooms = all.filter(({ kind }) => kind === 'room').map(({ name }) => name);
  here.memory.save({ name: me(), rooms, active: current?.key, withToken: Boolean(here.tokens.given), drafts, link: location.search });
}

/** Signs out: what this browser kept is deleted. */
export function quit() {
  forgetDirect();
  leaveAll();
}

/** Goes to the door when no conversation is left. */
export function leaveAll(reason = '') {
  here.memory.forget();
  toTheDoor(reason);
}

/** Ends the connection and shows the door. What this tab remembers stays for whoever comes in again. */
export function toTheDoor(reason) {
  here.client.close();
  here.client = undefined;
  here.frames.clear();
  closeDirect();
  here.trouble.clear();
  here.talks.clear();
  $('entry-problem').textContent = reason;
  $('entry').hidden = false;
  $('chat').hidden = $('me').hidden = true;
  $(here.auth === 'jwt' ? 'token' : 'name').focus();
}

/** Goes back for another name. What was written and not sent becomes a draft. */
export function askName(reason) {
  for (const talk of here.talks.all) {
    const unsent = talk.log.unsent.map(({ message }) => message.data.text);
    talk.draft = [...unsent, talk.draft].filter(Boolean).join('\n');
  }
  save();
  toTheDoor(reason);
}

export async function joinRoom(name, draft) {
  const { client } = here;
  const talk = here.talks.open('room', name, draft);
  try {
    await client.join(name);
    remember();
  } catch (error) {
    if (client !== here.client || error.code === 'closed' || client.state === 'failed') return;
    const reason = `#${name}: ${error.message}`;
    close(talk);
    if (here.talks.all.length === 0) leaveAll(reason);
    else problem(reason);
  }
}

/** Leaves a room, or closes another conversation. */
export function close(talk) {
  if (talk.kind === 'room') here.client.leave(talk.name);
  here.talks.close(talk);
  remember();
}

function pick(talk) {
  here.talks.show(talk);
  $('text').focus();
}

/** Begins or goes on with a direct conversation. */
export function pickUser(user) {
  pick(here.talks.open('user', user));
}

function shown(talk) {
  const notices = talk.kind === 'notices';
  $('title').textContent = talk.key;
  $('title').parentElement.dataset.kind = talk.kind;
  $('leave').textContent = talk.kind === 'room' ? 'Leave' : 'Close';
  $('leave').setAttribute('aria-label', `${$('leave').textContent} ${talk.key}`);
  $('copy').hidden = talk.kind !== 'room';
  $('text-label').textContent = `Message to ${talk.key}`;
  $('text').placeholder = notices ? 'Notices are not answered' : `Message ${talk.key}`;
  $('text').disabled = $('send').disabled = notices;
  $('text').value = talk.draft;
  toggleMenu(false);
  listPeople();
  remember();
}

/** Lists who is in the conversation in sight, soon. */
export const listPeople = soon(() => {
  const { current } = here.talks;
  if (current) showPeople({ list: $('people'), none: $('people-none'), subtitle: $('subtitle') }, current, me(), pickUser);
});

export function toggleMenu(open) {
  $('chat').classList.toggle('menu', open);
  $('menu').setAttribute('aria-expanded', open);
}

async function older(talk) {
  if (!talk.first) return undefined;
  try {
    const page = await here.client.history(talk.name, { before: talk.first, epoch: talk.epoch, limit: 50 });
    talk.first = page.first ?? talk.first;
    return { more: page.more, messages: page.messages.map(mark) };
  } catch (error) {
    problem(`Older messages could not be loaded: ${error.message}`);
    return undefined;
  }
}

/** Marks what this tab said itself: another person may have the same name. */
export function mark(message) {
  return { ...message, mine: here.memory.said(message) };
}
