/** Sends what the person writes, and shows what becomes of it. */
import { $, here, me } from './chat-here.js';
import { randomKey } from './client/time.js';
import { keepSent } from './chat-private.js';
import { remember } from './chat-session.js';
import { element, note, plural } from './chat-text.js';

/** Why something was not sent though nothing is wrong with it: it goes out when the connection is there again. */
const UNCONNECTED = ['unauthorized', 'forbidden', 'unsupported'];

/** Sends data, with the key of an earlier attempt if there was one: so that it is there once, however often it is sent. */
export function speak(talk, data, key = randomKey()) {
  const shown = talk.log.send({ from: { user: me() || 'You' }, data, at: new Date().toISOString(), mine: true, pending: true });
  note(shown, 'Sending…');
  shown.key = key;
  send(talk, shown);
}

function send(talk, shown) {
  const { client } = here;
  const { key, message: { data } } = shown;
  const sent = talk.kind === 'room' ? client.say(talk.name, data, { key }) : client.tell(address(talk.name), data, { key });
  sent.then((ack) => delivered(talk, shown, ack), (error) => client === here.client && refused(talk, shown, error));
}

/** Anonymous people are reached by their connection. */
function address(user) {
  return user.startsWith('anon-') ? { connection: user.slice('anon-'.length) } : { user };
}

/** A message to a room comes as the room's next message; a direct one stays where it is. */
function delivered(talk, shown, ack) {
  if (talk.kind === 'room') {
    shown.remove();
    return;
  }
  const text = ack.queued ? 'On its way' : `Delivered to ${plural(ack.sent, 'connection', 'connections')}`;
  note(shown, text);
  talk.log.place(shown);
  const { data, at } = shown.message;
  keepSent({ id: ack.messageId, peer: talk.name, data, at, note: text });
}

function refused(talk, shown, error) {
  if (error.code === 'closed') return;
  if (UNCONNECTED.includes(error.code)) {
    shown.dataset.again = '';
    return;
  }
  note(shown, error.code === 'recipient_not_found' ? `Not delivered: ${talk.name} is not connected. ` : `Not sent: ${error.message} `, true);
  const again = element('button', 'quiet', 'Try again', { type: 'button' });
  again.addEventListener('click', () => {
    shown.remove();
    speak(talk, shown.message.data, shown.key);
  });
  shown.querySelector('.note').append(again);
}

/** Sends again what the end of the connection kept from going out. */
export function sendAgain() {
  for (const talk of here.talks.all) {
    for (const shown of talk.log.unsent.filter(({ dataset }) => 'again' in dataset)) {
      delete shown.dataset.again;
      send(talk, shown);
    }
  }
}

$('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  const { current } = here.talks;
  const text = $('text').value.trim();
  if (text) speak(current, { text });
  $('text').value = current.draft = '';
  remember();
  $('text').focus();
});
$('text').addEventListener('input', () => {
  here.talks.current.draft = $('text').value;
  remember();
});
$('text').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $('composer').requestSubmit();
});
