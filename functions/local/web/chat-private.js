/** Direct messages: to and from one person, kept by this browser. */
import { Direct } from './chat-direct.js';
import { here, me } from './chat-here.js';
import { storageOf } from './chat-storage.js';

let kept; // Direct, of the person who is signed in.
let keptOf;
let known = new Set(); // Ids of what is in sight.

/** Shows what this browser has kept of the person, who is known by now. */
export function showKept() {
  const user = me();
  // Without a name of their own nobody is found again.
  if (!user || user.startsWith('anon-') || keptOf === user) return;
  keptOf = user;
  kept = new Direct(storageOf('localStorage'), here.server, user);
  known = new Set();
  for (const message of kept.load()) show(message);
}

/** Takes a direct message from somebody, which other tabs of this person get as well. */
export function takeDirect({ messageId: id, from, data, at, mine }) {
  const message = { id, peer: from.user, data, at, mine };
  kept?.add(message);
  show(message, true);
}

/** Keeps a direct message that this tab sent and shows already. */
export function keepSent(message) {
  known.add(message.id);
  kept?.add({ ...message, mine: true });
}

/** Deletes what this browser has kept of the person. */
export function forgetDirect() {
  kept?.forget();
}

/** The person is not here any more; what is kept stays. */
export function closeDirect() {
  kept = keptOf = undefined;
}

addEventListener('storage', (event) => {
  const message = kept?.told(event);
  if (message) show(message, true);
});

function show({ id, peer, data, at, mine, note }, fresh = false) {
  if (known.has(id)) return;
  known.add(id);
  const talk = here.talks.open('user', peer);
  const message = { messageId: id, from: { user: mine ? me() : peer }, data, at, mine, note };
  if (fresh) here.talks.arrived(talk, message);
  else talk.log.add(message);
}
