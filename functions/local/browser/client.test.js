/** The client module against the real service, over a network that keeps breaking. Part of `make test-protocol`. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { WsEcho } from '../web/client/wsecho.js';
import { refuse } from '../web/client/test/service.js';
import { newIssuer } from './issuer.js';
import { startLocal, startNetwork, tool } from './local.js';

const { WebSocket } = tool('protocol', 'ws');
const CLIENTS = 8;
const MESSAGES = 25;
const BREAKS = 6;

let local, network;

before(async () => {
  local = await startLocal(['-messages-per-minute', '0', '-connections-per-user', '0']);
  network = await startNetwork(new URL(local.url));
});

after(async () => {
  await network?.stop();
  await local?.stop();
});

/** Two connections of each user, and what they were told. */
function connect(n) {
  const client = new WsEcho(`ws://127.0.0.1:${network.port}/dev`, { user: `user-${n >> 1}`, WebSocket, pingMs: 1000, timeoutMs: 2000 });
  client.told = [];
  client.pages = [];
  client.directs = [];
  client.addEventListener('message', ({ detail }) => client.told.push(detail));
  client.addEventListener('page', ({ detail }) => client.pages.push(detail));
  client.addEventListener('direct', ({ detail }) => client.directs.push(detail));
  client.connect();
  return client;
}

test('whatever breaks, everybody is told the same, once and in order', { timeout: 60_000 }, async () => {
  const clients = Array.from({ length: CLIENTS }, (_, n) => connect(n));
  await Promise.all(clients.map((client) => client.join('r')));
  const said = clients.flatMap((client, n) => Array.from({ length: MESSAGES }, async (_, i) => {
    await pause(i * 150);
    return client.say('r', `${n}/${i}`);
  }));
  for (let i = 0; i < BREAKS; i++) {
    await pause(600);
    network.cut();
    await pause(i * 50);
    network.mend();
    clients.forEach((client) => client.check());
  }
  const acks = await Promise.all(said);
  await until(() => clients.every((client) => client.told.length === CLIENTS * MESSAGES));
  const [first, ...others] = clients.map((client) => client.told.map(({ seq, data }) => `${seq} ${data}`));
  for (const other of others) assert.deepEqual(other, first);
  assert.equal(new Set(clients[0].told.map(({ data }) => data)).size, CLIENTS * MESSAGES, 'a message came twice');
  assert.equal(new Set(acks.map(({ seq }) => seq)).size, CLIENTS * MESSAGES);
  clients.forEach((client, n) => {
    const mine = client.told.filter(({ data }) => data.startsWith(`${n}/`)).map(({ data }) => Number(data.split('/')[1]));
    assert.deepEqual(mine, [...mine].sort((a, b) => a - b), 'what one client said is out of order');
    assert.deepEqual(client.pages.map(({ cut }) => cut), [false]);
  });
  clients.forEach((client) => client.close());
});

test('a direct message reaches all connections of a user once', async () => {
  const [ada, bob, twin] = [connect(0), connect(2), connect(3)];
  await Promise.all([ada, bob, twin].map((client) => client.echo()));
  assert.equal((await ada.tell({ user: 'user-1' }, 'hello')).sent, 2);
  await until(() => bob.directs.length === 1 && twin.directs.length === 1);
  const error = await ada.tell({ user: 'nobody' }, 'hello').catch((error) => error);
  assert.equal(error.code, 'recipient_not_found');
  [ada, bob, twin].forEach((client) => client.close());
});

test('tokens that end soon are replaced in time, and nothing is lost', { timeout: 60_000 }, async () => {
  const issuer = newIssuer();
  const guarded = await startLocal(['-messages-per-minute', '0', ...issuer.flags]);
  const states = [];
  const tokens = [];
  const client = new WsEcho(guarded.url, { WebSocket, token: () => tokens[tokens.push(issuer.token('ada', 5)) - 1] });
  client.addEventListener('state', ({ detail }) => states.push(detail.state));
  const told = [];
  client.addEventListener('message', ({ detail }) => told.push(detail.data));
  try {
    client.connect();
    await client.join('r');
    assert.equal(client.user, 'ada');
    for (let n = 0; n < 100; n++) {
      await client.say('r', n);
      await pause(100);
    }
    await until(() => told.length === 100);
    assert.deepEqual(told, Array.from({ length: 100 }, (_, n) => n));
    assert.deepEqual(states, ['connecting', 'open']);
    assert.ok(tokens.length >= 3, `${tokens.length} tokens`);
  } finally {
    client.close();
    await guarded.stop();
    issuer.stop();
  }
});

test('a token that has ended is answered as by the service in memory, with the id of the message', { timeout: 30_000 }, async () => {
  const issuer = newIssuer();
  const guarded = await startLocal(issuer.flags);
  const socket = new WebSocket(guarded.url, ['wsecho.v1', `bearer.${issuer.token('ada', 2)}`]);
  const answers = [];
  socket.on('message', (text) => answers.push(JSON.parse(text)));
  socket.on('open', () => socket.send('{"action":"ping","id":"early"}'));
  try {
    await until(() => answers.length > 0);
    await pause(3000 - (Date.now() % 1000));
    socket.send('{"action":"ping","id":"late"}');
    await until(() => answers.length > 1);
    const fake = { ...JSON.parse(JSON.stringify(refuse('token_expired'))), id: 'late' };
    assert.deepEqual(Object.keys(answers[1]).sort(), Object.keys(fake).sort());
    assert.deepEqual([answers[1].code, answers[1].id, answers[1].retryable], [fake.code, fake.id, fake.retryable]);
  } finally {
    socket.terminate();
    await guarded.stop();
    issuer.stop();
  }
});

async function until(holds) {
  for (const deadline = Date.now() + 20_000; !holds() && Date.now() < deadline; ) await pause(20);
}
