/** What an application may do beside saying something: give up, be told of limits, and reach extensions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sequence } from '../sequence.js';
import { codeOf, connect, serve, service } from './each.js';
import { pass, refuse, settle } from './service.js';

test('what waits can be given up', async () => {
  const client = await connect();
  await client.join('r');
  service.intercept = () => null;
  const gives = new AbortController();
  const { signal } = gives;
  const all = [
    client.join('other', { signal }), client.say('r', 1, { signal }), client.say('r', 2, { signal }), client.tell({ user: 'bob' }, 1, { signal }),
    client.broadcast(1, { signal }), client.history('r', { signal }), client.who('r', { signal }), client.echo(1, { signal }),
    client.request('poll', {}, { room: 'r', signal }),
  ].map(codeOf);
  await settle();
  gives.abort();
  assert.deepEqual(await Promise.all(all), all.map(() => 'AbortError'));
  service.intercept = () => undefined;
  assert.equal(await codeOf(client.say('r', 3)), 'done');
  assert.equal(await codeOf(client.say('r', 4, { signal })), 'AbortError');
  await pass(30_000);
  assert.deepEqual(service.room('r').log.map(({ data }) => data), [3]);
  assert.equal(service.room('other').members.size, 0);
});

test('what waits is bounded', async () => {
  const client = await connect({ maxPending: 3 });
  await client.join('r');
  service.down = true;
  service.cut();
  await settle();
  const all = Array.from({ length: 5 }, (_, n) => codeOf(client.say('r', n)));
  await settle();
  assert.deepEqual(await Promise.all(all.slice(3)), ['queue_full', 'queue_full']);
  service.down = false;
  await pass(5000);
  assert.deepEqual(await Promise.all(all.slice(0, 3)), ['done', 'done', 'done']);
  assert.equal(await codeOf(client.say('r', 'more')), 'done');
});

test('a rate limit is told', async () => {
  const client = await connect();
  let refused = 0;
  service.intercept = ({ action }) => (action === 'tell' && refused++ === 0 ? refuse('rate_limited', { retryAfterMs: 7000 }) : undefined);
  const began = Date.now();
  const told = client.tell({ user: 'bob' }, 1);
  await settle();
  await pass(20_000);
  assert.deepEqual([client.told.throttled, (await told).sent], [[{ until: began + 7000 }], 1]);
});

test('an extension has its requests and its pushes', async () => {
  const client = await connect();
  await client.join('r');
  service.poll = (socket, { room, question, key }) => ({ type: 'poll', room, question, key });
  let lost = 1;
  service.intercept = (message) => (message.action === 'poll' && lost-- > 0 ? null : undefined);
  const reply = client.request('poll', { question: 'why' }, { room: 'r' });
  await pass(12_000);
  const keys = new Set(service.received.filter(({ message }) => message.action === 'poll').map(({ message }) => message.key));
  assert.deepEqual([(await reply).question, (await reply).room, keys.size, [...keys][0].length], ['why', 'r', 1, 32]);
  assert.equal(await codeOf(client.request('poll', {}, { room: 'nowhere' })), 'not_a_member');
  [...service.sockets][0].arrive({ type: 'poll closed', votes: 3 });
  await settle();
  assert.deepEqual(client.told.unknown, [{ message: { type: 'poll closed', votes: 3 } }]);
});

test('whose message it is shows', async () => {
  const client = await connect();
  await client.join('r');
  const mine = { user: 'ada', connection: client.connectionId };
  const twin = { user: 'ada', connection: 'twin' };
  const stored = [mine, twin, undefined].map((from) => service.spoken('r', 1, { from, push: false }));
  service.pushFrame('r', stored);
  [...service.sockets][0].arrive({ type: 'direct', messageId: 'd', from: twin, data: 1 });
  await settle();
  const flags = [[true, true], [false, true], [false, false]];
  assert.deepEqual(client.told.message.map(({ own, mine }) => [own, mine]), flags);
  assert.deepEqual((await client.history('r')).messages.map(({ own, mine }) => [own, mine]), flags);
  assert.deepEqual(client.told.direct.map(({ own, mine }) => [own, mine]), [[false, true]]);
});

test('epochs have no order', async () => {
  for (const next of ['a', 'z']) {
    serve();
    const client = await connect();
    await client.join('r');
    service.room('r').epoch = 'm';
    const late = service.spoken('r', 'old');
    await settle();
    Object.assign(service.room('r'), { epoch: next, log: [] });
    service.spoken('r', 'new');
    await pass(1000);
    assert.deepEqual(client.told.page.slice(1).map(({ cut, messages }) => [cut, messages.map(({ data }) => data)]), [[true, ['new']]]);
    const { members } = service.room('r');
    const joins = service.count('join');
    [...members][0].arrive({ type: 'messages', room: 'r', epoch: 'm', messages: [late] }); // What still comes of the old one.
    await pass(1000);
    assert.deepEqual([client.told.message.length, client.told.page.length, service.count('join')], [1, 2, joins]);
  }
});

test('a log that comes back is followed', () => {
  const sequence = new Sequence();
  sequence.restart('b', 1, [{ seq: 1 }]);
  sequence.restart('a', 1, [{ seq: 1 }]);
  assert.deepEqual([sequence.isPast('b'), sequence.add('b', { seq: 2 })], [true, []]);
  sequence.restart('b', 1, [{ seq: 1 }]);
  assert.deepEqual([sequence.isPast('b'), sequence.add('b', { seq: 2 }).length], [false, 1]);
});

test('a rate limit that says nothing more is waited for as well', async () => {
  const client = await connect();
  let refusals = 0;
  service.intercept = ({ action }) => (action === 'join' && ++refusals < 3 ? refuse('rate_limited', null) : undefined);
  const joined = client.join('r');
  await pass(5000);
  assert.deepEqual(await Promise.race([joined, settle()]), { members: [{ user: 'ada', connections: 1 }] });
});

test('frames that this protocol does not have harm nobody', async () => {
  const client = await connect();
  await client.join('r');
  service.spoken('r', 1);
  await settle();
  const [socket] = service.sockets;
  const odd = [null, 0, '', 'x', [], {}, [null], { a: 1 }, 1e300, -1, true, undefined];
  const fields = ['type', 'id', 'room', 'epoch', 'messages', 'seq', 'from', 'messageId', 'user', 'connection', 'details', 'code', 'members'];
  const frames = [
    { type: 'messages', room: 'r', epoch: 'epoch-1', messages: [{ seq: 2, messageId: 'm', from: { user: 'bob', connection: 'x' }, data: 1 }] },
    { type: 'message', room: 'r', epoch: 'epoch-1', seq: 2, messageId: 'n', data: 1 }, { type: 'joined', room: 'r', user: 'bob', connection: 'x' },
    { type: 'left', room: 'r', user: 'bob', connection: 'x' }, { type: 'direct', messageId: 'd', from: { user: 'bob', connection: 'x' }, data: 1 },
    { type: 'error', code: 'unavailable', message: 'm', details: {} }, { type: 'odd' }, {},
  ];
  for (const frame of frames) for (const field of fields) for (const value of odd) {
    if (frame.type === 'messages' && field === 'messages' && value === undefined) continue;
    socket.arrive({ ...frame, [field]: value });
    if (frame.messages) socket.arrive({ ...frame, messages: [{ ...frame.messages[0], [field]: value }] });
  }
  await settle();
  await pass(60_000, 500);
  service.spoken('r', 'lost', { push: false });
  for (let n = 0; n < 20; n++) service.spoken('r', 'after');
  await pass(60_000, 500);
  assert.equal(client.state, 'open');
  assert.equal(client.told.message.filter(({ data }) => data === 'after').length, 20);
});
