/** asyncapi.yaml against the service: every kind of message goes over a real socket and is held to its schema. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { WsEcho } from '../web/client/wsecho.js';
import { Service } from '../web/client/test/service.js';
import { inRepository, startLocal, tool } from './local.js';

const { Parser } = tool('protocol', '@asyncapi/parser');
const { WebSocket } = tool('protocol', 'ws');
const Ajv = tool('protocol', 'ajv').default;
const addFormats = tool('protocol', 'ajv-formats').default;

const PATIENCE_MS = 10_000;
/** How many messages to others a user may send a minute here, so that the limit can be met. */
const PER_MINUTE = 40;
const KEY = '0123456789abcdef';

let local;
let messages; // Name in the document -> {schema, check, examples}.
const met = new Set(); // Names of the messages that were sent or received.
const codes = new Set();
const clients = [];

before(async () => {
  messages = await read();
  local = await startLocal(['-messages-per-minute', String(PER_MINUTE)]);
});

after(async () => {
  clients.forEach((client) => client.socket.terminate());
  await local?.stop();
});

/** Reads the document, or says everything that is wrong with it. */
async function read() {
  const { document, diagnostics } = await new Parser().parse(readFileSync(inRepository('asyncapi.yaml'), 'utf8'));
  const faults = diagnostics.filter(({ severity }) => severity <= 1);
  assert.deepEqual(faults.map(({ message, path }) => `${path.join('.')}: ${message}`), []);
  const ajv = addFormats(new Ajv({ strict: false, allErrors: true }));
  return Object.fromEntries(document.components().messages().all().map((message) => {
    const schema = closed(message.payload().json());
    return [message.id(), { schema, check: ajv.compile(schema), examples: message.examples().all().map((example) => example.payload()) }];
  }));
}

/** The same schema without room for fields that it does not name: the document has to name them all. */
function closed(schema) {
  if (Array.isArray(schema)) return schema.map(closed);
  if (schema === null || typeof schema !== 'object') return schema;
  const copy = Object.fromEntries(Object.entries(schema).filter(([key]) => !key.startsWith('x-parser')).map(([key, value]) => [key, closed(value)]));
  return schema.properties && schema.type === 'object' ? { additionalProperties: false, ...copy } : copy;
}

/** Finds the only message of the document that has the form of a real one. */
function recognise(payload, fromClient) {
  const fits = Object.entries(messages).filter(([, { schema, check }]) => Boolean(schema.properties.action) === fromClient && check(payload));
  assert.equal(fits.length, 1, `${JSON.stringify(payload).slice(0, 500)} fits ${fits.map(([name]) => name).join(', ') || `nothing: ${why(payload)}`}`);
  met.add(fits[0][0]);
  if (payload.type === 'error') codes.add(payload.code);
  return fits[0][0];
}

/** What keeps a payload from being of its type. */
function why(payload) {
  const sameType = Object.entries(messages).filter(([, { schema }]) => schema.properties.type?.const === payload.type);
  return sameType.map(([name, { check }]) => (check(payload), `${name}: ${JSON.stringify(check.errors)}`)).join('; ');
}

/** A client that checks whatever it sends and gets. */
class Client {
  #waiting = [];
  #came = [];
  #id = 0;

  static async connect(query = '') {
    const client = new Client();
    clients.push(client);
    client.socket = new WebSocket(local.url + query, ['wsecho.v1']);
    client.socket.on('message', (text) => client.#take(JSON.parse(text)));
    await new Promise((resolve, reject) => client.socket.on('open', resolve).on('error', reject));
    assert.equal(client.socket.protocol, 'wsecho.v1');
    return client;
  }

  #take(payload) {
    this.#came.push({ name: recognise(payload, false), payload });
    this.#waiting.forEach((look) => look());
  }

  /** Waits for a message of a kind, and for which more holds. */
  expect(name, holds = () => true) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no ${name} came; there is ${JSON.stringify(this.#came).slice(0, 500)}`)), PATIENCE_MS);
      const look = () => {
        const at = this.#came.findIndex((one) => one.name === name && holds(one.payload));
        if (at < 0) return;
        clearTimeout(timer);
        this.#waiting = this.#waiting.filter((other) => other !== look);
        resolve(this.#came.splice(at, 1)[0].payload);
      };
      this.#waiting.push(look);
      look();
    });
  }

  /** Sends a message of the document and waits for its answer. */
  ask(message, answer) {
    const id = `q${++this.#id}`;
    recognise({ ...message, id }, true);
    this.socket.send(JSON.stringify({ ...message, id }));
    return this.expect(answer, (payload) => payload.id === id);
  }

  /** Sends any text, and waits for a refusal. */
  async refused(text, code, options) {
    for (const [i, part] of [text].flat().entries()) this.socket.send(part, { fin: i === [text].flat().length - 1, ...options });
    const error = await this.expect('error');
    assert.equal(error.code, code);
    return error;
  }
}

test('every example has the form of its message', () => {
  for (const [name, { check, examples }] of Object.entries(messages)) {
    assert.ok(examples.length > 0, `${name} has no example`);
    for (const example of examples) assert.ok(check(example), `${name}: ${JSON.stringify(check.errors)}`);
  }
});

test('echo, broadcast and hello', async () => {
  const [ada, anonymous] = [await Client.connect('?user=ada'), await Client.connect()];
  assert.deepEqual((await ada.ask({ action: 'echo', data: { x: [1, null] } }, 'echoed')).data, { x: [1, null] });
  await anonymous.ask({ action: 'echo' }, 'echoed');
  const { user, connectionId } = await anonymous.ask({ action: 'hello' }, 'welcome');
  assert.equal(user, `anon-${connectionId}`);
  const ack = await ada.ask({ action: 'broadcast', data: 'all', key: KEY }, 'ackSent');
  assert.equal((await anonymous.expect('broadcasted')).messageId, ack.messageId);
  await anonymous.ask({ action: 'broadcast', data: null }, 'ackSent');
  await ada.expect('broadcasted');
});

test('rooms', async () => {
  const [ada, bob] = [await Client.connect('?user=ada'), await Client.connect('?user=bob')];
  const room = 'protocol';
  await ada.ask({ action: 'join', room }, 'ackJoined');
  await bob.ask({ action: 'join', room, epoch: '', after: 0 }, 'ackJoined');
  await ada.expect('joined');
  const { epoch, seq } = await ada.ask({ action: 'say', room, data: { text: 'one' }, key: KEY }, 'ackSaid');
  const pushed = await bob.expect('messages');
  assert.deepEqual([pushed.room, pushed.epoch, pushed.messages.map((message) => message.seq)], [room, epoch, [seq]]);
  await bob.ask({ action: 'say', room, data: 2 }, 'ackSaid');
  assert.deepEqual((await ada.expect('messages')).messages.map(({ data }) => data), [2]);
  assert.equal((await ada.ask({ action: 'history', room }, 'page')).messages.length, 2);
  await ada.ask({ action: 'history', room, before: 2, limit: 1, epoch }, 'page');
  await ada.ask({ action: 'history', room, after: 1 }, 'page');
  assert.equal((await ada.ask({ action: 'join', room, epoch, after: 1 }, 'ackJoined')).recovered, true);
  assert.deepEqual((await ada.ask({ action: 'who', room }, 'presence')).members.length, 2);
  assert.deepEqual((await ada.ask({ action: 'ping', rooms: [room] }, 'pong')).rooms[room], { epoch, seq: 2 });
  await ada.ask({ action: 'ping' }, 'pong');
  await bob.ask({ action: 'leave', room }, 'ackLeft');
  await ada.expect('left');
});

test('a busy room', async () => {
  const names = ['ada', 'bob', 'eve'];
  const all = await Promise.all(names.map((name) => Client.connect(`?user=${name}`)));
  const room = 'busy';
  for (const client of all) await client.ask({ action: 'join', room }, 'ackJoined');
  const LINES = 5; // Far below what a user may send a minute.
  const acks = await Promise.all(all.flatMap((client) => Array.from({ length: LINES }, (_, n) => client.ask({ action: 'say', room, data: n }, 'ackSaid'))));
  for (const [i, client] of all.entries()) {
    // What it said itself is acknowledged, the rest is pushed; what it has it drops by number.
    const own = acks.slice(i * LINES, (i + 1) * LINES);
    const has = new Map(own.map(({ seq, messageId }) => [seq, messageId]));
    while (has.size < acks.length) {
      const { messages } = await client.expect('messages');
      const seqs = messages.map(({ seq }) => seq);
      assert.deepEqual(seqs, [...new Set(seqs)].sort((a, b) => a - b), 'a frame does not ascend');
      messages.forEach(({ seq, messageId }) => has.set(seq, has.get(seq) ?? messageId));
    }
    assert.deepEqual(has, new Map(acks.map(({ seq, messageId }) => [seq, messageId])));
  }
});

test('direct messages', async () => {
  const [ada, bob] = [await Client.connect('?user=ada'), await Client.connect('?user=bob')];
  await ada.ask({ action: 'tell', to: { user: 'bob' }, data: 'hello' }, 'ackSent');
  const { from } = await bob.expect('direct');
  await bob.ask({ action: 'tell', to: { connection: from.connection }, data: [] }, 'ackSent');
  await ada.expect('direct');
});

test('pushes of other services', async () => {
  const ada = await Client.connect('?user=ada');
  const body = JSON.stringify({ v: 1, audience: 'user:ada', message: { n: 1 } });
  const response = await fetch(`${local.http}/push`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
  assert.equal(response.status, 202, await response.text());
  assert.deepEqual((await ada.expect('pushed')).data, { n: 1 });
});

test('refusals', async () => {
  const [ada, eve] = [await Client.connect('?user=ada'), await Client.connect('?user=eve')];
  const room = 'refusals';
  await ada.refused('hello', 'invalid_json');
  await ada.refused('[]', 'bad_request');
  assert.equal((await ada.refused('{"action":"nope","id":"n"}', 'unknown_action')).details.action, 'nope');
  const large = `{"action":"echo","data":"${'x'.repeat(32_768)}"}`;
  await ada.refused([large.slice(0, 20_000), large.slice(20_000)], 'payload_too_large');
  assert.equal((await ada.ask({ action: 'say', room, data: 1 }, 'error')).details.room, room);
  assert.equal((await ada.ask({ action: 'tell', to: { user: 'nobody' }, data: 1 }, 'error')).code, 'recipient_not_found');
  await ada.ask({ action: 'join', room }, 'ackJoined');
  await ada.ask({ action: 'say', room, data: 1, key: `${KEY}-refused` }, 'ackSaid');
  assert.equal((await ada.ask({ action: 'say', room, data: 2, key: `${KEY}-refused` }, 'error')).code, 'conflict');
  const cut = await ada.ask({ action: 'history', room, epoch: '01900000-0000-7000-8000-000000000000', after: 1 }, 'error');
  assert.deepEqual([cut.code, cut.details.messages.length], ['unrecoverable_position', 1]);
  for (let n = 1; n < 20; n++) await ada.ask({ action: 'join', room: `${room}-${n}` }, 'ackJoined');
  assert.equal((await ada.ask({ action: 'join', room: `${room}-20` }, 'error')).code, 'limit_exceeded');
  await eve.ask({ action: 'join', room }, 'ackJoined');
  // Twice as many as a minute allows, for another minute may begin meanwhile.
  for (let n = 0; n <= 2 * PER_MINUTE; n++) eve.socket.send(JSON.stringify({ action: 'say', room, data: n }));
  const { code, details, retryable } = await eve.expect('error');
  assert.ok(code === 'rate_limited' && retryable && details.retryAfterMs > 0);
});

/** What the client sends and gets, in every way that it has, each answer with what it answers. */
async function everything(url, Socket) {
  const sent = new Map();
  const answers = [];
  const take = (payload) => sent.has(payload.id) && answers.push([...sent.get(payload.id), shape(payload)]);
  const Recorder = class extends Socket {
    constructor(...args) {
      super(...args);
      // Whatever the client sets as onmessage is told after this.
      this.addEventListener?.('message', ({ data }) => take(JSON.parse(data)));
    }

    send(text) {
      const message = JSON.parse(text);
      if (message.action !== 'extension') recognise(message, true);
      sent.set(message.id, [message.action, shape(message)]);
      super.send(text);
    }

    arrive(message) { // Of the service in memory.
      const payload = JSON.parse(JSON.stringify(message));
      take(payload);
      super.arrive(message);
    }
  };
  const room = 'everything';
  const client = new WsEcho(url, { user: 'ivy', WebSocket: Recorder });
  const code = (promise) => promise.then(() => 'none', (error) => error.code);
  try {
    client.connect();
    await client.join(room);
    const key = `${KEY}-everything`;
    await client.say(room, { text: 'one' }, { key });
    await client.say(room, { text: 'two' });
    await client.history(room);
    await client.history(room, { before: 2, limit: 1 });
    await client.history(room, { after: 1 });
    await client.who(room);
    await client.check();
    await client.tell({ user: 'ivy' }, 1);
    await client.tell({ connection: client.connectionId }, 1);
    await client.broadcast(1);
    await client.echo({ n: 1 });
    const codes = [await code(client.tell({ user: 'nobody' }, 1)), await code(client.request('extension')), await code(client.say(room, { text: 'three' }, { key }))];
    await client.leave(room);
    return { answers, codes };
  } finally {
    client.close();
  }
}

/** The names and types of a message's fields. */
function shape(value) {
  if (Array.isArray(value)) return value.length > 0 ? [shape(value[0])] : [];
  if (value === null || typeof value !== 'object') return typeof value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, part]) => [name, shape(part)]));
}

test('the client\'s every request, and the service in memory of its tests, which answers as the program does', { timeout: 20_000 }, async () => {
  const real = await everything(local.url, WebSocket);
  const fake = await everything('ws://localhost/dev', new Service().WebSocket);
  assert.deepEqual(real.codes, ['recipient_not_found', 'unknown_action', 'conflict']);
  assert.deepEqual(fake, real);
  const requests = Object.values(messages).map(({ schema }) => schema.properties.action?.const).filter(Boolean);
  assert.deepEqual([...new Set(requests)].filter((action) => !real.answers.some(([name]) => name === action)), []);
});

test('every kind of message was met', () => {
  const unmet = Object.keys(messages).filter((name) => !met.has(name) && name !== 'gatewayError');
  assert.deepEqual(unmet, []);
  assert.deepEqual([...codes].sort(), ['bad_request', 'conflict', 'invalid_json', 'limit_exceeded', 'not_a_member', 'payload_too_large',
    'rate_limited', 'recipient_not_found', 'unknown_action', 'unrecoverable_position']);
});
