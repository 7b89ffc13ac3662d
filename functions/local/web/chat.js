/** The page: what its forms and buttons do, and what the client's events show. */
import { WsEcho } from './client/wsecho.js';
import { Log, element, face, note } from './chat-log.js';
import { mountFrames } from './frames.js';
import { namedServer, ownServer, saidYes, sameServer, sayYes } from './chat-server.js';

const $ = (id) => document.getElementById(id);
const { stage, reach } = document.documentElement.dataset;
const own = ownServer(location, stage);
const named = namedServer(location.search);
const server = named ?? own;
const STORED = `wsecho-chat ${server}`;

/** Every frame of this page's connections. */
const frames = mountFrames({ button: $('frames-button'), root: $('frames') });

let client;
let talks = new Map(); // Key, "#room" or "@user" -> conversation.
let current; // The conversation in sight.
let retryAt;
let withToken = false;

// Coming and going.

function enter(name, rooms, active, token) {
  client = new WsEcho(server, { user: name, token, WebSocket: frames.WebSocket });
  withToken = Boolean(token);
  listen(client);
  client.connect();
  $('entry').hidden = true;
  $('chat').hidden = $('me').hidden = false;
  $('me-name').textContent = name;
  rooms.forEach((room) => joinRoom(room));
  show(talks.get(active) ?? talks.values().next().value);
}

function quit(reason = '') {
  client.close();
  frames.clear();
  $('entry-problem').textContent = reason;
  sessionStorage.removeItem(STORED);
  talks.forEach((talk) => talk.log.root.remove());
  talks = new Map();
  current = undefined;
  $('entry').hidden = false;
  $('chat').hidden = $('me').hidden = true;
  document.title = 'wsEcho chat';
  $('name').focus();
}

/** Remembers where this tab is, so that it is there again after a reload. */
function remember() {
  const rooms = [...talks.values()].filter((talk) => talk.room).map((talk) => talk.room);
  sessionStorage.setItem(STORED, JSON.stringify({ name: $('me-name').textContent, rooms, active: current?.key, withToken }));
}

// Conversations.

function newTalk(key, part) {
  const talk = { key, unread: 0, first: undefined, ...part };
  talk.log = new Log(`Messages in ${key}`, () => older(talk), (stuck) => talk === current && stuck && seen());
  talk.log.root.hidden = true;
  talks.set(key, talk);
  $('logs').append(talk.log.root);
  listTalks();
  return talk;
}

async function joinRoom(room) {
  const key = `#${room}`;
  const talk = talks.get(key) ?? newTalk(key, { room });
  try {
    await client.join(room);
    remember();
  } catch (error) {
    if (error.code === 'closed') return;
    const reason = `#${room}: ${error.message}`;
    problem(reason);
    close(talk, reason);
  }
  return talk;
}

function directTalk(user) {
  return talks.get(`@${user}`) ?? newTalk(`@${user}`, { user });
}

function close(talk, reason) {
  if (talk.room) client.leave(talk.room);
  talk.log.root.remove();
  talks.delete(talk.key);
  if (talks.size === 0) quit(reason);
  else if (talk === current) show(talks.values().next().value);
  else listTalks();
}

function show(talk) {
  if (current) current.log.root.hidden = true;
  current = talk;
  talk.log.root.hidden = false;
  talk.log.bottom();
  $('title').textContent = talk.key;
  $('leave').textContent = talk.room ? 'Leave' : 'Close';
  $('leave').setAttribute('aria-label', `${talk.room ? 'Leave' : 'Close'} ${talk.key}`);
  $('text-label').textContent = `Message to ${talk.key}`;
  $('text').placeholder = `Message ${talk.key}`;
  toggleMenu(false);
  seen();
  showPeople();
  remember();
}

/** The newest message of the conversation in sight has been seen. */
function seen() {
  current.unread = 0;
  $('newer').hidden = true;
  listTalks();
}

function arrived(talk, message) {
  if (message.mine) talk.log.settle(message.data);
  const inSight = talk === current && talk.log.stuck && document.visibilityState !== 'hidden';
  const shown = talk.log.add(message);
  if (inSight || message.mine) return shown;
  talk.unread++;
  $('newer').hidden = talk !== current || talk.log.stuck;
  listTalks();
  return shown;
}

async function older(talk) {
  if (!talk.first) return undefined;
  try {
    const page = await client.history(talk.room, { before: talk.first, epoch: talk.epoch, limit: 50 });
    talk.first = page.first ?? talk.first;
    return { more: page.more, messages: page.messages.map(mark) };
  } catch (error) {
    problem(`Older messages could not be loaded: ${error.message}`);
    return undefined;
  }
}

/** Marks a message of this user, whichever connection it came from. */
function mark(message) {
  return { ...message, mine: message.from.user === client.user };
}

function listTalks() {
  $('talks').replaceChildren(...[...talks.values()].map((talk) => {
    const button = element('button', '', undefined, { type: 'button' });
    button.append(element('span', 'name', talk.key));
    if (talk.unread) button.append(element('span', 'unread', talk.unread, { 'aria-label': `${talk.unread} unread` }));
    if (talk === current) button.setAttribute('aria-current', 'true');
    button.addEventListener('click', () => {
      show(talk);
      $('text').focus();
    });
    const item = element('li');
    item.append(button);
    return item;
  }));
  const unread = [...talks.values()].reduce((sum, talk) => sum + talk.unread, 0);
  document.title = `${unread ? `(${unread}) ` : ''}${current ? `${current.key} – ` : ''}wsEcho chat`;
}

// People.

function showPeople() {
  const members = current.room ? current.members : [];
  $('people').replaceChildren(...(members ?? []).map(person));
  const none = current.room ? 'Too many to list.' : 'A direct conversation. Nobody keeps its messages.';
  $('people-none').textContent = none;
  $('people-none').hidden = Boolean(current.room && members);
  const count = members?.reduce((sum, { connections }) => sum + connections, 0);
  $('subtitle').textContent = current.room && members
    ? `${plural(members.length, 'person', 'people')}, ${plural(count, 'connection', 'connections')}` : '';
}

function person({ user, connections }) {
  const item = element('li');
  const you = user === client.user;
  item.append(face(user), element('span', 'name', you ? `${user} (you)` : user));
  if (connections > 1) item.append(element('span', 'count', `${connections} connections`));
  if (!you) {
    const button = element('button', 'quiet', 'Message', { type: 'button', 'aria-label': `Message ${user} directly` });
    button.addEventListener('click', () => {
      show(directTalk(user));
      $('text').focus();
    });
    item.append(button);
  }
  return item;
}

function plural(n, one, many) {
  return `${n} ${n === 1 ? one : many}`;
}

// Speaking.

function speak(talk, data) {
  const shown = talk.log.add({ from: { user: client.user ?? $('me-name').textContent }, data, at: new Date().toISOString(), mine: true, pending: true });
  talk.log.bottom();
  note(shown, 'Sending…');
  const sent = talk.room ? client.say(talk.room, data) : client.tell(address(talk.user), data);
  sent.then((ack) => delivered(talk, shown, ack), (error) => refused(talk, shown, data, error));
}

/** Anonymous people are reached by their connection. */
function address(user) {
  return user.startsWith('anon-') ? { connection: user.slice('anon-'.length) } : { user };
}

/** A message to a room comes as the room's next message; a direct one stays where it is. */
function delivered(talk, shown, ack) {
  if (talk.room) {
    shown.remove();
    return;
  }
  shown.classList.remove('pending');
  note(shown, ack.queued ? 'On its way' : `Delivered to ${plural(ack.sent, 'connection', 'connections')}`);
}

function refused(talk, shown, data, error) {
  if (error.code === 'closed') return;
  note(shown, error.code === 'recipient_not_found' ? `Not delivered: ${talk.user} is not connected. ` : `Not sent: ${error.message} `, true);
  const again = element('button', 'quiet', 'Try again', { type: 'button' });
  again.addEventListener('click', () => {
    shown.remove();
    speak(talk, data);
  });
  shown.querySelector('.note').append(again);
}

// What the client tells.

function listen(from) {
  const on = (type, act) => from.addEventListener(type, ({ detail }) => from === client && act(detail));
  on('state', showState);
  on('page', ({ room, messages, more, first, epoch, cut }) => {
    const talk = talks.get(`#${room}`);
    if (!talk) return;
    Object.assign(talk, { first, epoch });
    talk.log.replace(messages.map(mark), more, cut);
  });
  on('message', (message) => {
    const talk = talks.get(`#${message.room}`);
    if (!talk) return;
    talk.first ??= message.seq;
    talk.epoch ||= message.epoch;
    arrived(talk, mark(message));
  });
  on('presence', ({ room, members }) => {
    const talk = talks.get(`#${room}`);
    if (!talk) return;
    talk.members = members;
    if (talk === current) showPeople();
  });
  on('direct', (message) => arrived(directTalk(message.from.user), mark(message)));
  on('broadcast', (message) => current && note(arrived(current, message), 'To everybody'));
  on('push', (message) => current && pushed(message));
  on('error', ({ error, room }) => {
    if (error.code === 'invalid_token') quit(error.message);
    else if (!client.user) problem(`${server} cannot be reached, or refuses this name.`);
    else if (room || !['disconnected', 'timeout'].includes(error.code)) problem(error.message);
  });
}

/** What another service pushes is shown where it belongs. Its name here has a space, so that it can be no user's. */
function pushed(message) {
  const talk = talks.get(message.audience.replace(/^room:/, '#')) ?? current;
  arrived(talk, { ...message, from: { user: 'another service' } });
}

function showState({ state, retryAt: at, reason }) {
  const words = { connecting: 'Connecting…', open: 'Connected', reconnecting: at ? 'Offline' : 'Connecting…', failed: 'Not connected', closed: 'Not connected' };
  $('state').dataset.state = state;
  $('state-text').textContent = words[state];
  $('retry').hidden = !at;
  retryAt = at;
  countDown();
  if (state === 'failed') quit(reason.message);
  if (state !== 'open') return;
  problem('');
  $('me-name').textContent = client.user; // The token's, if there is one.
}

function countDown() {
  const seconds = retryAt ? Math.ceil((retryAt - Date.now()) / 1000) : 0;
  $('countdown').textContent = seconds > 1 ? `(${seconds} s)` : '';
}

function problem(text) {
  $('problem').textContent = text;
}

function toggleMenu(open) {
  $('chat').classList.toggle('menu', open);
  $('menu').setAttribute('aria-expanded', open);
}

// Forms and buttons.

$('entry-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const token = $('token').value.trim();
  $('token').value = '';
  $('name').required = true;
  enter($('name').value, [$('room').value], undefined, token);
  $('text').focus();
});
$('token-part').addEventListener('toggle', () => {
  // Nothing fills it that the person does not see.
  $('token').disabled = !$('token-part').open;
  $('token').value = '';
  $('name').required = true;
});
$('token').addEventListener('input', () => ($('name').required = !$('token').value));
$('join-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const room = $('join-room').value;
  $('join-room').value = '';
  joinRoom(room);
  if (talks.has(`#${room}`)) show(talks.get(`#${room}`));
  $('text').focus();
});
$('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = $('text').value.trim();
  if (text) speak(current, { text });
  $('text').value = '';
  $('text').focus();
});
$('text').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $('composer').requestSubmit();
});
$('menu').addEventListener('click', () => {
  const open = $('menu').getAttribute('aria-expanded') !== 'true';
  toggleMenu(open);
  if (open) $('talks').querySelector('button')?.focus();
});
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || $('menu').getAttribute('aria-expanded') !== 'true') return;
  toggleMenu(false);
  $('menu').focus();
});
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState !== 'hidden' && current?.log.stuck) seen();
});
$('leave').addEventListener('click', () => {
  close(current);
  if ($('chat').hidden) return;
  remember();
  $('text').focus();
});
$('newer').addEventListener('click', () => {
  current.log.bottom();
  seen();
});
$('retry').addEventListener('click', () => client.check());
$('quit').addEventListener('click', () => quit());
setInterval(countDown, 1000);

$('stay').addEventListener('click', () => location.replace('/'));
$('reach').addEventListener('click', () => sayYes(named, { storage: sessionStorage, location }));

// Beginning.

/** Asks whether to connect to the server that the page's address names. Until then nothing is sent anywhere. */
function ask() {
  $('question').hidden = false;
  $('question-host').textContent = new URL(named).host;
  if (!isSecureContext) {
    $('reach').disabled = true;
    $('question-problem').textContent = 'This is possible only where the page comes from this machine or over https.';
  }
  $('question-title').focus();
}

/** Offers what this tab was doing on the server, or its door. */
function begin() {
  const { host } = new URL(server);
  $('server').textContent = server;
  $('where').textContent = $('token-host').textContent = host;
  $('where-part').hidden = false;
  if (!sameServer(server, own)) {
    $('where-part').dataset.other = '';
    $('where-kind').textContent = 'another server:';
  }
  if (named === null) $('entry-problem').textContent = 'The address of this page names no server that it can connect to. It has its own instead.';
  const stored = JSON.parse(sessionStorage.getItem(STORED) ?? 'null');
  if (stored?.rooms.length && !stored.withToken) return enter(stored.name, stored.rooms, stored.active);
  // Before now the browser itself would have sent the form, and what was typed would have been lost.
  if (stored) $('name').value = stored.name;
  $('entry').hidden = false;
  $('name').focus();
}

if (sameServer(server, own) || saidYes(named, { reach, storage: sessionStorage })) begin();
else ask();
