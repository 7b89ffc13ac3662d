/** Shows how the connection is, says what is wrong with it, and asks for a token. */
import { $, here, me } from './chat-here.js';
import { showKept } from './chat-private.js';
import { askName, joinRoom, listPeople, remember } from './chat-session.js';
import { sendAgain } from './chat-speak.js';
import { Tokens } from './chat-token.js';
import { countdown, diagnose } from './chat-trouble.js';

const WORDS = { connecting: 'Connecting…', open: 'Connected', reconnecting: 'Offline', failed: 'Not connected', closed: 'Not connected' };
/** How long the server may take to answer that it is there. */
const PROBE_MS = 5000;

let retryAt;
let opened = false; // Whether this client has been connected.
let refusals = 0; // Attempts in a row that a server refused which is there.

/** Makes the source of tokens for a client that begins. */
export function newTokens(token) {
  opened = false;
  refusals = 0;
  return new Tokens(token, here.auth === 'jwt', ask);
}

/** Asks for a token, unless it is being asked for. */
function ask() {
  if (here.trouble.kind === 'token') return;
  const error = { code: 'unauthorized', message: '' };
  here.trouble.tell('token', here.client?.state === 'open' ? ENDING : { kind: 'token', ...diagnose(known(error, true)) });
}

const ENDING = { title: 'Your token ends soon', text: 'Give a new one to stay connected. The conversation stays as it is.' };

const known = (error, reachable) => ({
  error, reachable, online: navigator.onLine, host: here.host, origin: location.origin, auth: here.auth, name: here.name, token: here.tokens,
});

export function showState({ state, retryAt: at, reason }) {
  $('state').dataset.state = state;
  $('state-text').textContent = WORDS[state];
  $('retry').hidden = !['reconnecting', 'failed'].includes(state);
  retryAt = at;
  tick();
  if (state === 'failed' && reason) explain(reason);
  if (state === 'reconnecting' && !navigator.onLine) explain({ code: 'disconnected', message: '' });
  if (state === 'open') connected();
}

function connected() {
  opened = true;
  refusals = 0;
  here.trouble.clear('token', 'refused', 'gone', 'problem');
  $('me-name').textContent = me(); // The token's, if there is one.
  here.memory.own.add(here.client.connectionId);
  showKept();
  listPeople();
  remember();
}

/** Finds out why there is no connection, and tells. */
export async function explain(error) {
  const { client, tokens } = here;
  if (tokens.asking) return;
  if (error.code === 'invalid_token') {
    tokens.refuse();
    here.trouble.tell('token', diagnose(known(error)));
    return;
  }
  const reachable = here.isOwn ? await answers() : undefined;
  if (client !== here.client || client.state === 'open' || tokens.asking) return;
  refusals = reachable ? refusals + 1 : 0;
  // A server that begins again refuses nobody: it was only not there a moment ago.
  if (reachable && opened && refusals < 2 && client.state !== 'failed') return;
  const wrong = diagnose(known(error, reachable));
  if (wrong.kind === 'token') tokens.refuse();
  if (wrong.kind === 'refused' && !opened && reachable) askName(`${wrong.title}. ${wrong.text}`);
  else {
    here.trouble.clear('token', 'refused', 'gone');
    here.trouble.tell(wrong.kind, wrong);
  }
}

/** Whether the page's own server answers anything at all. */
async function answers() {
  try {
    await fetch('/icon.svg', { method: 'HEAD', cache: 'no-store', signal: AbortSignal.timeout(PROBE_MS) });
    return true;
  } catch {
    return false;
  }
}

/** Connects now, with what the person gave. */
function goOn(token) {
  here.tokens.give(token);
  if (token) here.trouble.clear('token');
  if (here.client.state !== 'failed') {
    here.client.check();
    return;
  }
  here.client.connect();
  here.talks.all.filter(({ kind }) => kind === 'room').forEach(({ name }) => joinRoom(name));
  sendAgain();
}

export function tick() {
  $('countdown').textContent = countdown(retryAt);
  here.trouble.tick();
}
setInterval(tick, 1000);

$('retry').addEventListener('click', () => goOn());
$('renew-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const token = $('renew').value.trim();
  $('renew').value = '';
  if (!token) return;
  goOn(token);
  $('text').focus();
});
$('dismiss').addEventListener('click', () => {
  here.trouble.clear('problem');
  $('text').focus();
});
