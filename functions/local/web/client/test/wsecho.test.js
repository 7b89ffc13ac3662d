/** The client against a service in memory and in virtual time. Run by `go test` or with `node --test`. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Sequence } from '../sequence.js';
import { connect, serve, service } from './each.js';
import { pass, refuse, settle } from './service.js';

/** The numbers of the messages that a client told. */
const numbers = (client) => client.told.message.map(({ seq }) => seq);
const from1to = (n) => Array.from({ length: n }, (_, i) => i + 1);
const chance = (value) => mock.method(Math, 'random', () => value);

test('it offers the protocol and claims the name', async () => {
  const client = await connect();
  assert.equal(client.state, 'open');
  assert.equal(client.user, 'ada');
  assert.deepEqual(service.dials[0].protocols, ['wsecho.v1']);
  assert.equal(service.dials[0].url, 'ws://localhost/dev?user=ada');
});

test('a fresh token is offered at every connect', async () => {
  let n = 0;
  await connect({ user: undefined, token: async () => `token-${++n}` });
  service.cut();
  await pass(1000);
  assert.deepEqual(service.dials.map(({ protocols }) => protocols[1]), ['bearer.token-1', 'bearer.token-2']);
});

test('a token that cannot be had is asked for again', async () => {
  let n = 0;
  const client = await connect({ token: () => { if (++n < 3) throw new Error('no token'); return 'x'; } });
  await pass(3000);
  assert.equal(client.state, 'open');
  assert.equal(client.told.error[0].error.message, 'no token');
});

test('a token that cannot be sent is not repeated in the error', async () => {
  for (const token of ['se same', 'sesame,', 'ses\u00e4me', 'sesame=', 'sesame\r\nx']) {
    const client = await connect({ token });
    const [{ error }] = client.told.error;
    assert.equal(error.code, 'invalid_token');
    assert.ok(!String(error.stack).includes(token));
    client.close();
  }
  assert.equal(service.dials.length, 0);
});

test('messages come in order, once, and one\'s own among them', async () => {
  const client = await connect();
  const joined = await client.join('r');
  assert.deepEqual(joined.members, [{ user: 'ada', connections: 1 }]);
  service.spoken('r', 'one');
  await settle();
  const said = await client.say('r', 'two');
  service.spoken('r', 'three');
  await settle();
  assert.equal(said.seq, 2);
  assert.deepEqual(client.told.message.map(({ seq, data, own }) => [seq, data, own]),
    [[1, 'one', false], [2, 'two', true], [3, 'three', false]]);
});

test('what a room hears after it was left does not show, and not among that of its next membership', async () => {
  const client = await connect();
  await client.join('r');
  let answer;
  service.intercept = (message, socket) => {
    if (message.action !== 'say' || answer) return undefined;
    const ack = service.say(socket, message);
    answer = () => socket.arrive({ ...ack, id: message.id });
    return null;
  };
  const said = client.say('r', 'mine');
  await settle();
  client.leave('r');
  client.join('r');
  await settle();
  service.spoken('r', 'next');
  answer();
  assert.equal((await said).seq, 1);
  assert.deepEqual([client.told.page.at(-1).messages.map(({ seq }) => seq), numbers(client)], [[1], [2]]);
});

test('a listener that leaves a room is told no more of it', async () => {
  const client = await connect();
  await client.join('r');
  client.addEventListener('message', () => client.leave('r'));
  service.pushFrame('r', from1to(3).map((n) => service.spoken('r', n, { push: false })));
  await settle();
  assert.deepEqual(numbers(client), [1]);
});

test('the first page comes before what follows it', async () => {
  from1to(150).forEach((n) => service.spoken('r', n));
  const client = await connect();
  await client.join('r');
  const [page] = client.told.page;
  assert.deepEqual([page.messages.length, page.first, page.more, page.cut], [100, 51, true, false]);
  const older = await client.history('r', { before: page.first, limit: 10 });
  assert.deepEqual([older.messages.length, older.first, older.more], [10, 41, true]);
});

test('pushes that overtake the answer to a join wait for it', async () => {
  service.spoken('r', 'old');
  const client = await connect();
  service.intercept = (message, socket) => {
    if (message.action !== 'join') return undefined;
    const ack = service.join(socket, message);
    service.spoken('r', 'new');
    return ack;
  };
  await client.join('r');
  await settle();
  assert.deepEqual(client.told.page[0].messages.map(({ data }) => data), ['old']);
  assert.deepEqual(client.told.message.map(({ data }) => data), ['new']);
});

test('repetitions and disorder do not show', async () => {
  const client = await connect();
  await client.join('r');
  const stored = from1to(4).map((n) => service.spoken('r', n, { push: false }));
  for (const i of [1, 0, 0, 3, 1, 2, 3]) service.push('r', stored[i]);
  await settle();
  assert.deepEqual(numbers(client), [1, 2, 3, 4]);
  assert.equal(service.count('history'), 0);
});

test('a frame has many messages, and what of them is there already does not show', async () => {
  const client = await connect();
  await client.join('r');
  const stored = from1to(6).map((n) => service.spoken('r', n, { push: false }));
  const said = await client.say('r', 'mine');
  stored.push(service.room('r').log.at(-1));
  stored[1] = service.room('r').log[1] = { seq: 2, void: true };
  for (const [from, to] of [[0, 3], [0, 4], [4, 7], [2, 7]]) service.pushFrame('r', stored.slice(from, to));
  await settle();
  assert.equal(said.seq, 7);
  assert.deepEqual(numbers(client), [1, 3, 4, 5, 6, 7]);
  assert.deepEqual(client.told.message.filter(({ own }) => own).map(({ data }) => data), ['mine']);
  assert.deepEqual(client.told.message[0], { room: 'r', epoch: 'epoch-1', ...stored[0], own: false, mine: false });
  await pass(3000);
  assert.equal(service.count('history'), 0);
});

test('a frame that comes before the answer has one\'s own message too', async () => {
  const client = await connect();
  await client.join('r');
  let answer;
  service.intercept = (message, socket) => {
    if (message.action !== 'say') return undefined;
    const ack = service.say(socket, message);
    answer = () => socket.arrive({ ...ack, id: message.id });
    return null;
  };
  const said = client.say('r', 'mine');
  await settle();
  service.spoken('r', 'theirs', { push: false });
  service.pushFrame('r', service.room('r').log);
  await settle();
  assert.deepEqual(client.told.message.map(({ data, own }) => [data, own]), [['mine', true], ['theirs', false]]);
  answer();
  assert.equal((await said).seq, 1);
  assert.deepEqual(numbers(client), [1, 2]);
});

test('a gap before a frame is filled from history', async () => {
  const client = await connect();
  await client.join('r');
  const stored = from1to(9).map((n) => service.spoken('r', n, { push: false }));
  service.pushFrame('r', stored.slice(0, 3));
  service.pushFrame('r', stored.slice(6, 9));
  await pass(2500);
  assert.deepEqual([numbers(client), service.count('history')], [from1to(9), 1]);
});

test('a frame of another log makes it join anew', async () => {
  const client = await connect();
  await client.join('r');
  service.spoken('r', 'old');
  await settle();
  Object.assign(service.room('r'), { epoch: 'epoch-2', log: [] });
  service.pushFrame('r', ['new', 'newer'].map((data) => service.spoken('r', data, { push: false })));
  await pass(500);
  assert.deepEqual([client.told.page[1].cut, client.told.page[1].messages.map(({ data }) => data)], [true, ['new', 'newer']]);
});

// While a release is deployed, services of two releases may be at work, and pages in browsers are as old as their tabs.

test('a service of the release before, and both at once', async () => {
  const client = await connect();
  await client.join('r');
  service.old = true;
  service.spoken('r', 'one');
  await settle();
  const [, two, three] = ['two', 'three'].reduce((all, data) => [...all, service.spoken('r', data, { push: false })], [null]);
  service.old = false;
  service.pushFrame('r', [two, three]);
  service.old = true;
  service.push('r', three);
  service.spoken('r', 'four');
  await settle();
  assert.deepEqual(client.told.message.map(({ seq, data, own }) => [seq, data, own]),
    [[1, 'one', false], [2, 'two', false], [3, 'three', false], [4, 'four', false]]);
  service.push('r', service.room('r').log[1] = { seq: 2, void: true });
  await pass(3000);
  assert.deepEqual([numbers(client), service.count('history')], [[1, 2, 3, 4], 0]);
});

test('a client of the release before ignores frames, and finds everything by ping', async () => {
  const Deaf = class extends service.WebSocket {
    arrive(message) {
      if (message.type !== 'messages') super.arrive(message);
    }
  };
  const client = await connect({ WebSocket: Deaf, pingMs: 30_000 });
  await client.join('r');
  from1to(3).forEach((n) => service.spoken('r', n));
  await pass(20_000);
  assert.deepEqual(numbers(client), []);
  await pass(20_000);
  assert.deepEqual([numbers(client), client.told.page.length], [[1, 2, 3], 1]);
});

test('thousands of repetitions leave room for disorder', () => {
  const sequence = new Sequence();
  sequence.restart('e', 0, []);
  for (let again = 0; again < 2; again++) from1to(1500).forEach((seq) => sequence.add('e', { seq }));
  assert.deepEqual(sequence.add('e', { seq: 1502 }), []);
  assert.deepEqual(sequence.add('e', { seq: 1501 }).map(({ seq }) => seq), [1501, 1502]);
});

test('a first page that stops before a message being written is followed by it', async () => {
  service.spoken('r', 'slow');
  service.intercept = (message, socket) => (message.action === 'join' ? { ...service.join(socket, message), messages: [] } : undefined);
  const client = await connect();
  await client.join('r');
  await pass(2500);
  assert.deepEqual(client.told.message.map(({ data }) => data), ['slow']);
});

test('what has no number is dropped by its message id', async () => {
  const client = await connect();
  const [socket] = service.sockets;
  for (const messageId of ['a', 'a', 'b']) socket.arrive({ type: 'direct', messageId, from: { user: 'bob' }, data: 1 });
  for (const messageId of ['c', 'c']) socket.arrive({ type: 'push', messageId, audience: 'everyone', data: 1 });
  socket.arrive({ type: 'something new' });
  await settle();
  assert.deepEqual([client.told.direct.length, client.told.push.length], [2, 1]);
});

test('a gap waits one to two seconds, then is filled from history', async () => {
  chance(0.5);
  const client = await connect();
  await client.join('r');
  service.spoken('r', 'lost', { push: false });
  service.spoken('r', 'came');
  await pass(1400);
  assert.deepEqual([numbers(client), service.count('history')], [[], 0]);
  await pass(200);
  assert.deepEqual([numbers(client), service.count('history')], [[1, 2], 1]);
});

test('a late message closes a gap by itself', async () => {
  const client = await connect();
  await client.join('r');
  const late = service.spoken('r', 'late', { push: false });
  service.spoken('r', 'early');
  await pass(500);
  service.push('r', late);
  await pass(5000);
  assert.deepEqual([numbers(client), service.count('history')], [[1, 2], 0]);
});

test('a gap that is one\'s own pending message is no loss', async () => {
  const client = await connect();
  await client.join('r');
  let answer;
  service.intercept = (message, socket) => {
    if (message.action !== 'say') return undefined;
    const ack = service.say(socket, message);
    answer = () => socket.arrive({ ...ack, id: message.id });
    return null;
  };
  const said = client.say('r', 'mine');
  await settle();
  service.spoken('r', 'theirs');
  await pass(5000);
  assert.deepEqual([numbers(client), service.count('history')], [[], 0]);
  answer();
  await said;
  assert.deepEqual(numbers(client), [1, 2]);
  await pass(3000);
  assert.equal(service.count('history'), 0);
});

test('voids are skipped', async () => {
  const client = await connect();
  await client.join('r');
  service.spoken('r', 'never', { push: false });
  service.room('r').log[0] = { seq: 1, void: true };
  service.spoken('r', 'two');
  await pass(2500);
  assert.deepEqual(numbers(client), [2]);
  service.cut();
  await pass(1000);
  assert.deepEqual(numbers(client), [2]);
});

test('a place that is still being written is asked for again', async () => {
  const client = await connect();
  await client.join('r');
  service.spoken('r', 'slow', { push: false });
  service.spoken('r', 'two');
  let young = 2;
  service.intercept = ({ action }) => (action === 'history' && young-- > 0 ? { type: 'history', epoch: 'epoch-1', messages: [], more: true } : undefined);
  await pass(15_000);
  assert.deepEqual([numbers(client), service.count('history')], [[1, 2], 3]);
});

test('a lost tail is found by ping', async () => {
  const client = await connect({ pingMs: 30_000 });
  await client.join('r');
  service.spoken('r', 'lost', { push: false });
  await pass(20_000);
  assert.deepEqual(numbers(client), []);
  await pass(20_000);
  assert.deepEqual(numbers(client), [1]);
});

test('whoever spoke pings once, five seconds after the last word', async () => {
  const client = await connect({ pingMs: 60_000 });
  await client.join('r');
  const pings = () => service.received.filter(({ message }) => message.action === 'ping');
  for (let n = 0; n < 3; n++) {
    await client.say('r', n);
    await pass(4000);
  }
  assert.equal(pings().length, 0);
  await pass(900);
  assert.equal(pings().length, 0);
  await pass(200);
  assert.deepEqual(pings().map(({ message }) => message.rooms), [['r']]);
  await pass(30_000);
  assert.equal(pings().length, 1);
});

test('that ping leaves the others where they are', async () => {
  chance(0.5);
  const client = await connect({ pingMs: 30_000 });
  await client.join('r');
  const began = Date.now();
  await pass(20_000);
  await client.say('r', 1);
  await pass(71_000);
  const at = service.received.filter(({ message }) => message.action === 'ping').map(({ at }) => at - began);
  assert.deepEqual(at.map((ms) => Math.round(ms / 1000)), [25, 30, 60, 90]);
});

test('whoever does not know whether it spoke pings as well, and who has closed does not', async () => {
  const client = await connect({ user: undefined, pingMs: 60_000 });
  await client.join('r');
  service.intercept = (message, socket) => (message.action === 'say' ? (service.say(socket, message), socket.end(), null) : undefined);
  const said = client.say('r', 1).catch(({ code }) => code);
  await pass(1000);
  assert.equal(await said, 'disconnected');
  service.intercept = () => undefined;
  await pass(5000);
  assert.equal(service.count('ping'), 1);
  await client.say('r', 2);
  client.close();
  await pass(10_000);
  assert.equal(service.count('ping'), 1);
});

test('a network that is back makes it look at once', async () => {
  globalThis.addEventListener = (type, listener) => (globalThis.woken = listener);
  globalThis.removeEventListener = () => {};
  try {
    const client = await connect();
    await client.join('r');
    service.spoken('r', 'lost', { push: false });
    globalThis.woken({ type: 'online' });
    await pass(2500);
    assert.deepEqual(numbers(client), [1]);
    const [dead] = service.sockets; // And nobody has told the client.
    service.intercept = (_, socket) => (socket === dead ? null : undefined);
    const { length } = service.dials;
    globalThis.woken({ type: 'online' });
    await pass(10_600);
    assert.equal(service.dials.length, length + 1);
    assert.equal(client.state, 'open');
  } finally {
    delete globalThis.addEventListener;
    delete globalThis.removeEventListener;
    delete globalThis.woken;
  }
});

test('reconnecting waits with full jitter up to ceilings from half a second to a minute', async () => {
  for (const value of [0, 0.999]) {
    chance(value);
    serve();
    service.down = true;
    const client = await connect();
    await pass(value * 260_000 + 20, 250);
    const at = service.dials.map((dial) => dial.at);
    const waits = at.slice(1).map((time, i) => time - at[i]);
    client.close();
    if (value === 0) {
      assert.ok(waits.every((wait) => wait <= 250), `${waits}`);
      continue;
    }
    const ceilings = [500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000];
    waits.forEach((wait, i) => assert.ok(wait <= ceilings[i] + 250 && wait >= ceilings[i] * 0.95, `${i}: ${wait}`));
    assert.ok(waits.length >= 9, `${waits}`);
  }
});

test('the ceiling begins anew after a stable connection only', async () => {
  chance(0.999);
  service.down = true;
  await connect();
  await pass(8000);
  service.down = false;
  await pass(10_000);
  const wait = async () => {
    const { length } = service.dials;
    const began = Date.now();
    service.cut();
    while (service.dials.length === length) await pass(100);
    await settle();
    return Date.now() - began;
  };
  assert.ok((await wait()) > 8000, 'a connection of some seconds');
  await pass(31_000);
  assert.ok((await wait()) <= 700, 'a connection of half a minute');
});

test('a room is resumed from where it was', async () => {
  const client = await connect();
  await client.join('r');
  from1to(3).forEach((n) => service.spoken('r', n));
  await settle();
  service.down = true;
  service.cut();
  await settle();
  assert.deepEqual([client.state, client.user], ['reconnecting', 'ada']);
  from1to(250).forEach((n) => service.spoken('r', n));
  service.down = false;
  await pass(3000);
  assert.deepEqual(numbers(client), from1to(253));
  const [, join] = service.received.filter(({ message }) => message.action === 'join');
  assert.deepEqual([join.message.epoch, join.message.after], ['epoch-1', 3]);
  assert.equal(client.told.page.length, 1);
});

test('many missed messages come without a pause', async () => {
  chance(0.1);
  const client = await connect();
  await client.join('r');
  service.spoken('r', 1);
  await settle();
  service.cut();
  from1to(450).forEach((n) => service.spoken('r', n));
  await pass(100, 5);
  assert.deepEqual(numbers(client), from1to(451));
});

test('a position that cannot be resumed is told, with the newest page', async () => {
  const client = await connect();
  await client.join('r');
  service.spoken('r', 1);
  await settle();
  service.cut();
  from1to(9).forEach((n) => service.spoken('r', n));
  service.room('r').first = 6;
  await pass(1000);
  service.spoken('r', 'next');
  await settle();
  const page = client.told.page[1];
  assert.deepEqual([page.cut, page.messages.map(({ seq }) => seq)], [true, [6, 7, 8, 9, 10]]);
  assert.deepEqual(numbers(client), [1, 11]);
});

test('a gap that has expired is told, with the newest page', async () => {
  const client = await connect();
  await client.join('r');
  from1to(5).forEach((n) => service.spoken('r', n, { push: false }));
  service.room('r').first = 4;
  service.spoken('r', 'six');
  await pass(2500);
  assert.deepEqual([client.told.page[1].cut, client.told.page[1].first], [true, 4]);
});

test('a room whose log began anew is joined anew', async () => {
  const client = await connect();
  await client.join('r');
  service.spoken('r', 'old');
  await settle();
  Object.assign(service.room('r'), { epoch: 'epoch-2', log: [] });
  service.spoken('r', 'new');
  service.intercept = (message, socket) => {
    if (message.action !== 'join') return undefined;
    const ack = service.join(socket, message);
    service.spoken('r', 'meanwhile');
    return ack;
  };
  await pass(500);
  assert.deepEqual([client.told.page[1].cut, client.told.page[1].messages[0].data], [true, 'new']);
  assert.equal(client.told.message.at(-1).data, 'meanwhile');
  service.spoken('r', 'newer');
  await settle();
  assert.equal(client.told.message.at(-1).data, 'newer');
});

test('a message is repeated with its key until it is acknowledged', async () => {
  const client = await connect();
  await client.join('r');
  let lost = 3;
  service.intercept = (message, socket) => {
    if (message.action !== 'say' || lost-- <= 0) return undefined;
    if (lost === 2) return null; // The message is lost;
    service.say(socket, message); // then its answer;
    if (lost === 0) socket.end(); // then its connection.
    return null;
  };
  const said = client.say('r', 'hello');
  await pass(40_000);
  assert.equal((await said).seq, 1);
  const keys = new Set(service.received.filter(({ message }) => message.action === 'say').map(({ message }) => message.key));
  assert.equal(keys.size, 1);
  assert.match([...keys][0], /^[0-9a-f]{16,64}$/);
  assert.equal(service.room('r').log.length, 1);
  assert.deepEqual(client.told.message.map(({ data, own }) => [data, own]), [['hello', true]]);
});

test('an anonymous message is not repeated on another connection', async () => {
  const client = await connect({ user: undefined });
  await client.join('r');
  service.intercept = (message, socket) => (message.action === 'say' ? (socket.end(), null) : undefined);
  const said = client.say('r', 'hello').catch((error) => error);
  await pass(2000);
  assert.equal((await said).code, 'disconnected');
  assert.equal(service.count('say'), 1);
});

test('what is said in a room keeps its order', async () => {
  const client = await connect();
  await client.join('r');
  let first = true;
  service.intercept = ({ action }) => {
    if (action !== 'say' || !first) return undefined;
    first = false;
    return refuse('unavailable');
  };
  const all = Promise.all(['a', 'b', 'c'].map((data) => client.say('r', data)));
  await pass(2000);
  assert.deepEqual((await all).map(({ seq }) => seq), [1, 2, 3]);
  assert.deepEqual(service.room('r').log.map(({ data }) => data), ['a', 'b', 'c']);
});

test('what is said while offline goes out when the room is joined again', async () => {
  const client = await connect();
  await client.join('r');
  service.down = true;
  service.cut();
  await settle();
  const said = client.say('r', 'later');
  await pass(5000);
  service.down = false;
  await pass(60_000);
  assert.equal((await said).seq, 1);
  const actions = service.received.slice(-4).map(({ message }) => message.action);
  assert.ok(actions.indexOf('join') < actions.indexOf('say'), `${actions}`);
});

test('answers out of order reach their questions', async () => {
  const client = await connect();
  const held = [];
  service.intercept = (message, socket) => {
    if (message.action !== 'tell') return undefined;
    held.push(() => socket.arrive({ type: 'ack', id: message.id, messageId: message.data }));
    return null;
  };
  const all = Promise.all(['a', 'b', 'c'].map((data) => client.tell({ user: 'bob' }, data)));
  await settle();
  held.reverse().forEach((answer) => answer());
  assert.deepEqual((await all).map(({ messageId }) => messageId), ['a', 'b', 'c']);
});

test('without an answer in time a question is asked again, and a late answer is ignored', async () => {
  const client = await connect();
  await client.join('r');
  const late = [];
  service.intercept = (message, socket) => {
    if (message.action !== 'history' || late.length > 0) return undefined;
    late.push(() => socket.arrive({ ...refuse('internal'), id: message.id }));
    return null;
  };
  const page = client.history('r');
  await pass(10_100);
  late[0]();
  await settle();
  assert.equal((await page).more, false);
  assert.deepEqual(client.told.error, []);
});

test('a question without an answer makes it look whether the connection is dead', async () => {
  const client = await connect({ pingMs: 60_000 });
  const [dead] = service.sockets;
  service.intercept = (_, socket) => (socket === dead ? null : undefined);
  const told = client.tell({ user: 'bob' }, 1);
  await pass(17_000);
  assert.equal((await told).sent, 1);
  assert.equal(service.dials.length, 2);
});

test('a rate limit is kept to', async () => {
  const client = await connect();
  await client.join('r');
  let refused = 0;
  service.intercept = ({ action }) => (action === 'say' && refused++ === 0 ? refuse('rate_limited', { retryAfterMs: 7000 }) : undefined);
  const said = client.say('r', 'x');
  await pass(6900);
  assert.equal(service.count('say'), 1);
  await pass(4000);
  assert.equal((await said).seq, 1);
});

test('a refusal that stays is an exception', async () => {
  const client = await connect();
  service.intercept = ({ action }) => (action === 'tell' ? refuse('recipient_not_found', { user: 'bob' }) : undefined);
  const error = await client.tell({ user: 'bob' }, 1).catch((error) => error);
  assert.deepEqual([error.name, error.code, error.retryable, error.requestId], ['WsEchoError', 'recipient_not_found', false, 'r']);
  assert.equal((await client.say('nowhere', 1).catch((e) => e)).code, 'not_a_member');
  await client.join('r');
  assert.equal((await client.say('r', 'x'.repeat(40_000)).catch((e) => e)).code, 'payload_too_large');
  assert.equal(client.state, 'open');
});

test('API Gateway\'s own errors are told', async () => {
  const client = await connect();
  [...service.sockets][0].arrive({ message: 'Internal server error', connectionId: 'c', requestId: 'r1' });
  await settle();
  assert.deepEqual([client.told.error[0].error.code, client.told.error[0].error.requestId], ['internal', 'r1']);
});

test('a room that refuses is not joined', async () => {
  const client = await connect();
  service.intercept = ({ action }) => (action === 'join' ? refuse('forbidden') : undefined);
  assert.equal((await client.join('r').catch((error) => error)).code, 'forbidden');
  service.intercept = () => undefined;
  await client.join('r');
  assert.equal(client.told.page.length, 1);
});

test('a membership that was lost is renewed', async () => {
  const client = await connect();
  await client.join('r');
  service.room('r').members.clear();
  service.spoken('r', 'missed');
  await pass(60_000);
  assert.deepEqual(numbers(client), [1]);
});

test('before its end a connection is replaced, and nothing is lost or doubled', async () => {
  const client = await connect();
  await client.join('r');
  let n = 0;
  let replaced;
  service.delivers = (_, socket) => { replaced ??= service.sockets.size > 1 ? Date.now() : undefined; return socket; };
  for (let minute = 0; minute < 119; minute++) {
    service.spoken('r', ++n);
    await pass(60_000, 1000);
  }
  assert.equal(service.dials.length, 2);
  const age = service.dials[1].at - service.dials[0].at;
  assert.ok(age > 109 * 60_000 && age < 116 * 60_000, `${age / 60_000} min`);
  assert.deepEqual(numbers(client), from1to(n));
  assert.deepEqual(client.told.state.map(({ state }) => state), ['connecting', 'open']);
  assert.equal(service.sockets.size, 1);
});

test('the old connection is heard until the new one has joined, and answered', async () => {
  service.lifeMs = 60_000;
  const client = await connect();
  await client.join('r');
  const [old] = service.sockets;
  let join;
  let tell;
  service.intercept = (message, socket) => {
    if (message.action === 'join') join = () => socket.arrive({ ...service.join(socket, message), id: message.id });
    if (message.action === 'tell') tell = () => socket.arrive({ ...service.tell(), id: message.id });
    return join && ['join', 'tell'].includes(message.action) ? null : undefined;
  };
  while (!join) await pass(1000);
  old.arrive({ type: 'direct', messageId: 'd', from: { user: 'bob' }, data: 1 });
  const told = client.tell({ user: 'bob' }, 1);
  await settle();
  assert.equal(client.told.direct.length, 1);
  join();
  await pass(100);
  assert.equal(service.sockets.size, 2);
  tell();
  assert.equal((await told).sent, 1);
  await settle();
  assert.deepEqual([service.sockets.size, service.sockets.has(old), service.count('tell')], [1, false, 1]);
});

test('messages sent while a connection is replaced come once', async () => {
  service.lifeMs = 60_000;
  const client = await connect();
  await client.join('r');
  service.intercept = (message, socket) => {
    if (message.action !== 'join') return undefined;
    service.spoken('r', 'before');
    const ack = service.join(socket, message);
    service.spoken('r', 'after');
    return ack;
  };
  const saying = [];
  for (let i = 0; i < 120; i++) {
    saying.push(client.say('r', i));
    await pass(1000);
  }
  await Promise.all(saying);
  await pass(3000);
  assert.ok(service.dials.length >= 3);
  assert.deepEqual(numbers(client), from1to(service.room('r').log.length));
});

test('a replacement that fails is tried again while the old connection works', async () => {
  const client = await connect();
  await client.join('r');
  await pass(100 * 60_000, 1000);
  service.down = true;
  await pass(16 * 60_000, 1000);
  assert.equal(client.state, 'open');
  service.down = false;
  await pass(2 * 60_000, 1000);
  assert.equal(service.sockets.size, 1);
  assert.equal(client.state, 'open');
  assert.ok(Date.now() - [...service.sockets][0].begun < 3 * 60_000);
});

test('a token\'s end counts by the service\'s clock', async () => {
  service.lifeMs = 10 * 60_000;
  const truth = service.hello;
  const skew = 3 * 60 * 60_000;
  service.hello = (socket) => {
    const welcome = truth.call(service, socket);
    for (const name of ['connectedAt', 'expiresAt']) welcome[name] = new Date(Date.parse(welcome[name]) - skew).toISOString();
    return welcome;
  };
  await connect();
  await pass(7 * 60_000, 1000);
  assert.equal(service.dials.length, 1);
  await pass(3 * 60_000, 1000);
  assert.equal(service.dials.length, 2);
});

test('an expired token makes it connect anew', async () => {
  const client = await connect();
  let first = true;
  service.intercept = ({ action }) => {
    if (action !== 'tell' || !first) return undefined;
    first = false;
    return refuse('token_expired');
  };
  const told = client.tell({ user: 'bob' }, 1);
  await pass(2000);
  assert.equal((await told).sent, 1);
  assert.equal(service.dials.length, 2);
});

test('without rooms something is sent at least every 10 minutes', async () => {
  await connect();
  await pass(60 * 60_000, 1000);
  const times = service.received.map(({ at }) => at);
  times.slice(1).forEach((at, i) => assert.ok(at - times[i] < 10 * 60_000));
  assert.ok(service.count('ping') >= 10);
});

test('who is there is counted by connection, and asked for when unsure', async () => {
  const client = await connect();
  await client.join('r');
  const [socket] = service.sockets;
  const announce = (type, user, connection) => socket.arrive({ type, room: 'r', user, connection });
  await pass(120_000);
  announce('joined', 'bob', 'b1');
  announce('joined', 'bob', 'b1');
  announce('joined', 'bob', 'b2');
  announce('left', 'bob', 'b1');
  await pass(3000);
  assert.deepEqual(client.told.presence.at(-1).members, [{ user: 'ada', connections: 1 }, { user: 'bob', connections: 1 }]);
  assert.equal(service.count('who'), 0);
  service.cut(); // The new connection's list is fresh: a departure may be in it already.
  await pass(1000);
  [...service.sockets][0].arrive({ type: 'left', room: 'r', user: 'ada', connection: 'connection-1' });
  await pass(3000);
  assert.equal(service.count('who'), 1);
  assert.deepEqual(client.told.presence.at(-1).members, [{ user: 'ada', connections: 1 }]);
});

test('leaving ends the membership and its messages', async () => {
  const client = await connect();
  await client.join('r');
  await client.leave('r');
  service.spoken('r', 'unheard');
  await pass(60_000, 500);
  assert.deepEqual(numbers(client), []);
  assert.equal(service.room('r').members.size, 0);
});

test('leaving is repeated until it is done', async () => {
  const client = await connect();
  await client.join('r');
  let refused = 0;
  service.intercept = ({ action }) => (action === 'leave' && refused++ < 2 ? refuse('rate_limited', { retryAfterMs: 7000 }) : undefined);
  const left = client.leave('r');
  await pass(30_000);
  await left;
  assert.equal(service.room('r').members.size, 0);
});

test('joining again makes a repeated leave needless', async () => {
  const client = await connect();
  await client.join('r');
  let refused = 0;
  service.intercept = ({ action }) => (action === 'leave' && refused++ === 0 ? refuse('rate_limited', { retryAfterMs: 7000 }) : undefined);
  const left = client.leave('r');
  await pass(1000);
  await client.join('r');
  await pass(30_000);
  await left;
  assert.equal(service.room('r').members.size, 1);
});

test('closing rejects what waits, and connects no more', async () => {
  const client = await connect();
  service.intercept = ({ action }) => (action === 'join' || action === 'tell' ? null : undefined);
  const waiting = [client.join('r'), client.tell({ user: 'bob' }, 1)].map((promise) => promise.catch((error) => error.code));
  await settle();
  client.close();
  await pass(5000);
  assert.deepEqual(await Promise.all(waiting), ['closed', 'disconnected']);
  assert.deepEqual([client.state, service.dials.length, service.sockets.size], ['closed', 1, 0]);
});

test('twenty clients and a bad network: everybody has the same, once, in order', { timeout: 60_000 }, async () => {
  let seed = 1;
  mock.method(Math, 'random', () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647);
  const all = [];
  const frames = [];
  service.roundMs = 300;
  for (let i = 0; i < 20; i++) all.push(await connect({ user: `user-${i}` }));
  await Promise.all(all.map((client) => client.join('r')));
  service.delivers = ({ length }) => frames.push(length) && Math.random() > 0.1;
  service.intercept = (message, socket) => {
    if (Math.random() < 0.02) return null;
    if (message.action === 'say' && Math.random() < 0.1) return service.say(socket, message), null;
    if (Math.random() < 0.05) socket.end();
    return undefined;
  };
  const said = all.flatMap((client, i) => from1to(10).map((n) => client.say('r', `${i}/${n}`)));
  await pass(120_000, 200);
  service.intercept = () => undefined;
  service.delivers = () => true;
  await pass(180_000, 200);
  assert.equal((await Promise.all(said)).length, 200);
  assert.ok(Math.max(...frames) >= 10, `the largest frame had ${Math.max(...frames)} messages`);
  const { log } = service.room('r');
  assert.equal(log.length, 200);
  for (const client of all) assert.deepEqual(numbers(client), from1to(200));
});
