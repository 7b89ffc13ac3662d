/** The page: its door, its forms and buttons. */
import { WsEcho } from './client/wsecho.js';
import { newTokens } from './chat-connection.js';
import { listen } from './chat-events.js';
import { $, here } from './chat-here.js';
import { showKept } from './chat-private.js';
import { namedRoom, pageOf, saidYes, sayYes } from './chat-server.js';
import { close, joinRoom, leaveAll, quit, toggleMenu } from './chat-session.js';
import { storageOf } from './chat-storage.js';
import { keyOf } from './chat-talks.js';
import { mountFrames } from './frames.js';

const { reach } = document.documentElement.dataset;
const { named, server, host, isOwn, auth, memory, talks } = here;
const linked = namedRoom(location.search);
const COPIED_MS = 2000;

/** Every frame of this page's connections. */
here.frames = mountFrames({ button: $('frames-button'), root: $('frames') });

// Coming and going.

function enter({ name, rooms, active, drafts = {}, token }) {
  here.name = name;
  here.tokens = newTokens(token);
  here.client = new WsEcho(server, {
    user: name,
    token: () => here.tokens.get(here.client?.state === 'open'),
    tokenTimeoutMs: Infinity, // A person takes as long as they take.
    WebSocket: here.frames.WebSocket,
  });
  listen(here.client);
  here.client.connect();
  $('entry').hidden = true;
  $('chat').hidden = $('me').hidden = false;
  $('me-name').textContent = name;
  rooms.forEach((room) => joinRoom(room, drafts[keyOf.room(room)]));
  if (!token && auth !== 'jwt') showKept();
  for (const [key, draft] of Object.entries(drafts)) if (key[0] === '@') talks.open('user', key.slice(1)).draft = draft;
  talks.show(talks.get(active) ?? talks.all[0]);
}

/** What this tab was doing here, with the room to which the address invites. */
function stored() {
  const state = memory.load();
  if (!state || !linked || state.link === location.search) return state;
  return { ...state, rooms: [...new Set([...state.rooms, linked])], active: keyOf.room(linked) };
}

$('entry-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const token = $('token').value.trim();
  $('token').value = '';
  const room = $('room').value;
  const before = memory.load() ?? { rooms: [] };
  enter({ ...before, name: $('name').value, rooms: [...new Set([room, ...before.rooms])], active: keyOf.room(room), token });
  $('text').focus();
});
$('token-part').addEventListener('toggle', () => showToken($('token-part').open));

/** Nothing fills the token's field that the person does not see. */
function showToken(open) {
  $('token-part').open = open;
  $('token').disabled = !open;
  if (!open) $('token').value = '';
  nameOrToken();
}
$('token').addEventListener('input', nameOrToken);

/** A name is needed without a token, which has one; a token where the server takes nobody without. */
function nameOrToken() {
  $('name-part').hidden = $('name').disabled = auth === 'jwt';
  $('name').required = !$('token').value;
  $('token').required = auth === 'jwt';
}

$('quit').addEventListener('click', () => quit());

// Conversations.

$('join-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const room = $('join-room').value;
  $('join-room').value = '';
  joinRoom(room);
  const talk = talks.find('room', room);
  if (talk) talks.show(talk);
  $('text').focus();
});
$('leave').addEventListener('click', () => {
  close(talks.current);
  if (talks.all.length === 0) leaveAll();
  else $('text').focus();
});
$('copy').addEventListener('click', async () => {
  const address = location.origin + pageOf({ named: isOwn ? undefined : named, room: talks.current.name });
  try {
    await navigator.clipboard.writeText(address);
    $('copy').textContent = 'Copied';
    setTimeout(() => ($('copy').textContent = 'Copy link'), COPIED_MS);
  } catch {
    here.trouble.tell('problem', { title: 'Copy this link by hand', text: address }); // Browsers give the clipboard to secure pages only.
  }
});
$('newer').addEventListener('click', () => {
  talks.current.log.bottom();
  talks.seen();
});
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState !== 'hidden' && talks.current?.log.stuck) talks.seen();
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

// Beginning.

$('stay').addEventListener('click', () => location.replace(pageOf({ room: linked })));
$('reach').addEventListener('click', () => sayYes(named, { storage: storageOf('sessionStorage'), location }));

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
  nameServer();
  const state = stored();
  if (state?.rooms.length && !state.withToken && auth !== 'jwt') {
    enter(state);
    return;
  }
  if (linked) $('room').value = linked;
  else if (state?.active?.startsWith('#')) $('room').value = state.active.slice(1);
  if (state) $('name').value = state.name;
  if (state?.withToken) $('entry-problem').textContent = 'This page forgets tokens with a reload: give yours again. Your rooms and drafts are still here.';
  showToken(auth === 'jwt' || Boolean(state?.withToken));
  // Before now the browser itself would have sent the form, and what was typed would have been lost.
  $('entry').hidden = false;
  $(auth === 'jwt' ? 'token' : 'name').focus();
}

function nameServer() {
  $('server').textContent = server;
  $('where').textContent = $('token-host').textContent = $('renew-host').textContent = host;
  $('where-part').hidden = false;
  if (!isOwn) {
    $('where-part').dataset.other = '';
    $('where-kind').textContent = 'another server:';
  }
  if (auth === 'jwt') {
    $('token-summary').textContent = 'This server asks for a token';
    $('token-hint').textContent = 'Your name is the token\u2019s. It goes to this server only, and this page forgets it with a reload.';
  }
  if (named === null) $('entry-problem').textContent = 'The address of this page names no server that it can connect to. It has its own instead.';
}

if (isOwn || saidYes(named, { reach, storage: storageOf('sessionStorage') })) begin();
else ask();
