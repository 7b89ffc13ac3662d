/** What the client tells becomes what the page shows. */
import { explain, showState } from './chat-connection.js';
import { here, problem } from './chat-here.js';
import { takeDirect } from './chat-private.js';
import { listPeople, mark, remember } from './chat-session.js';

const ANEW = 'The server began anew: it has none of what is above.';
const CUT = 'History was cut here: earlier messages could not be recovered.';

export function listen(client) {
  const on = (type, act) => client.addEventListener(type, ({ detail }) => client === here.client && act(detail));
  const inRoom = (type, act) => on(type, (detail) => {
    const talk = here.talks.find('room', detail.room);
    if (talk) act(talk, detail);
  });
  on('state', showState);
  inRoom('page', showPage);
  inRoom('message', showMessage);
  inRoom('presence', (talk, { members }) => {
    talk.members = members;
    if (talk === here.talks.current) listPeople();
  });
  on('direct', (message) => takeDirect(mark(message)));
  on('broadcast', (message) => here.talks.arrived(here.talks.open('notices'), { ...mark(message), note: 'To everybody' }));
  on('push', showPush);
  on('throttled', ({ until }) => here.trouble.tell('throttled', {
    title: 'Too many messages', text: 'What you wrote is kept and goes out by itself. The server takes more in', until,
  }));
  on('error', ({ error, room }) => {
    if ((client.state !== 'open' && !room) || error.code === 'invalid_token') explain(error);
    else if (!['disconnected', 'timeout', 'rate_limited'].includes(error.code)) problem(error.message);
  });
}

function showPage(talk, { messages, more, first, epoch, cut }) {
  const anew = talk.epoch && epoch !== talk.epoch;
  Object.assign(talk, { first, epoch });
  talk.log.replace(messages.map(mark), more, anew ? ANEW : cut && CUT);
}

function showMessage(talk, message) {
  talk.first ??= message.seq;
  talk.epoch ||= message.epoch;
  const marked = mark(message);
  here.talks.arrived(talk, marked);
  if (marked.mine) remember();
}

/** What another service pushes is shown where it belongs: in the room, or among the notices. */
function showPush(message) {
  const [kind, name] = message.audience.split(/:(.*)/s);
  const talk = (kind === 'room' && here.talks.find('room', name)) || here.talks.open('notices');
  const to = { room: `to #${name}`, user: 'to you', connection: 'to this connection' }[kind] ?? 'to everybody';
  here.talks.arrived(talk, { ...message, from: { user: 'another service' }, push: `Another service ${to}` });
}
