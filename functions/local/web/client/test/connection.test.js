/** How the client keeps its connection, and when it gives up, in virtual time. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { WsEcho } from '../wsecho.js';
import { clients, codeOf, connect, serve, service } from './each.js';
import { Service, pass, refuse, settle } from './service.js';

const states = (client) => client.told.state.map(({ state }) => state);
/** A token in the form of a JWT that ends when it says. */
const tokenUntil = (exp) => `x.${Buffer.from(JSON.stringify({ exp })).toString('base64url')}.y`;
const MINUTE = 60_000;

// Replacing a connection.

test('a token that does not come while a connection is replaced does not hide its end', async () => {
  let hangs = false;
  const client = await connect({ token: () => (hangs ? new Promise(() => {}) : 'a') });
  hangs = true;
  await pass(116 * MINUTE, 5000);
  hangs = false;
  service.cut();
  await settle();
  assert.equal(client.state, 'reconnecting');
  await pass(1000);
  assert.deepEqual([client.state, service.sockets.size], ['open', 1]);
});

test('a token that does not come is asked for again after a while', async () => {
  let asked = 0;
  const client = await connect({ token: () => (++asked === 1 ? new Promise(() => {}) : 'a') });
  await pass(31_000);
  assert.deepEqual([client.state, client.told.error[0].error.code, asked], ['open', 'timeout', 2]);
});

test('a room that cannot be joined does not keep the old connection', async () => {
  service.lifeMs = 2 * MINUTE;
  const client = await connect();
  await client.join('good');
  await client.join('bad');
  const [old] = service.sockets;
  service.intercept = ({ action, room }) => (action === 'join' && room === 'bad' ? refuse('unavailable') : undefined);
  await pass(2 * MINUTE + 40_000);
  assert.equal(client.state, 'open');
  assert.equal(service.sockets.has(old), false);
  service.spoken('good', 'heard');
  service.spoken('bad', 'missed');
  await settle();
  assert.deepEqual(client.told.message.map(({ data }) => data), ['heard']);
  service.intercept = () => undefined;
  await pass(MINUTE);
  assert.deepEqual(client.told.message.map(({ data }) => data), ['heard', 'missed']);
  assert.equal((await client.say('bad', 1)).seq, 2);
});

test('while rooms are joined on the new connection the old one may end', async () => {
  service.lifeMs = MINUTE;
  const client = await connect();
  await client.join('r');
  const [old] = service.sockets;
  service.intercept = ({ action }, socket) => (action === 'join' && socket !== old ? refuse('unavailable') : undefined);
  while (service.dials.length < 2) await pass(500);
  old.end();
  service.intercept = () => undefined;
  await pass(3000);
  assert.deepEqual([client.state, service.dials.length], ['open', 2]);
  service.spoken('r', 'heard');
  await settle();
  assert.equal(client.told.message.length, 1);
});

test('what the old connection answers late does not take a room back to it', async () => {
  service.lifeMs = MINUTE;
  const client = await connect();
  const [old] = service.sockets;
  let answer;
  service.intercept = (message, socket) => {
    if (message.action !== 'join' || socket !== old) return undefined;
    answer ??= () => socket.arrive({ ...service.join(socket, message), id: message.id });
    return null;
  };
  await pass(40_000, 500);
  const joined = client.join('r'); // Its answer is on the way while the connection is replaced.
  while (service.dials.length < 2) await pass(500);
  await joined;
  answer();
  await pass(1000);
  assert.equal(service.sockets.has(old), false);
  const said = client.say('r', 1);
  await pass(1000);
  assert.equal((await Promise.race([said, settle()]))?.seq, 1);
});

test('rooms return to the old connection if the new one ends at once', async () => {
  service.lifeMs = 4 * MINUTE;
  const client = await connect();
  await client.join('r');
  await client.join('slow');
  const [old] = service.sockets;
  service.intercept = ({ action, room }, socket) => {
    if (socket === old) return undefined;
    if (action === 'join' && room === 'slow') setTimeout(() => socket.end(), 100);
    return action === 'join' && room === 'slow' ? null : undefined;
  };
  while (service.dials.length < 2) await pass(50);
  await pass(200);
  service.down = true;
  const said = client.say('r', 1);
  await pass(2000);
  assert.equal(service.sockets.has(old), true);
  assert.equal((await Promise.race([said, settle()]))?.seq, 1);
});

// Beginning and ending.

test('closing and connecting at once leaves one connection', async () => {
  const client = await connect();
  for (let n = 0; n < 3; n++) {
    client.close();
    client.connect();
  }
  await pass(10_000);
  assert.deepEqual([client.state, service.sockets.size], ['open', 1]);
  client.close();
  await pass(10_000);
  assert.deepEqual([client.state, service.sockets.size], ['closed', 0]);
});

test('closing while the connection answers for the first time leaves none', async () => {
  for (let ticks = 0; ticks < 30; ticks++) {
    const client = await connect();
    service.cut();
    service.intercept = ({ action }, socket) => {
      if (action !== 'hello') return undefined;
      const arrived = socket.onmessage;
      socket.onmessage = (event) => {
        arrived(event);
        let soon = Promise.resolve();
        for (let n = 0; n < ticks; n++) soon = soon.then(() => {});
        soon.then(() => client.close());
      };
      return undefined;
    };
    await pass(5000, 500);
    service.intercept = () => undefined;
    assert.deepEqual([client.state, states(client).at(-1), service.sockets.size], ['closed', 'closed', 0], `after ${ticks} ticks`);
  }
});

test('a time that is too long for a timer is none at all', async () => {
  for (const ms of [2 ** 31, Infinity]) {
    serve();
    service.intercept = ({ action }) => (action === 'echo' ? null : undefined);
    const client = await connect({ timeoutMs: ms, tokenTimeoutMs: ms, pingMs: ms, token: () => 'sesame' });
    await client.join('r');
    client.echo(1).catch(() => {});
    await pass(MINUTE);
    assert.deepEqual([client.state, service.dials.length, service.received.length], ['open', 1, 3], `${ms}`);
  }
});

test('an option that is undefined has its default', async () => {
  const client = await connect({ timeoutMs: undefined, pingMs: undefined, WebSocket: service.WebSocket });
  assert.equal(client.state, 'open');
  await client.join('r');
  await pass(20_000);
  assert.equal(service.count('ping'), 0);
  assert.throws(() => new WsEcho('ws://localhost', { pingMs: 0 }), RangeError);
});

test('a join before connect may be repeated after it', async () => {
  const client = new WsEcho('ws://localhost/dev', { user: 'ada', WebSocket: service.WebSocket });
  clients.push(client);
  const early = codeOf(client.join('r'));
  client.connect();
  const joined = codeOf(client.join('r'));
  await pass(100);
  assert.deepEqual([await early, await joined], ['closed', 'done']);
});

test('closing ends what waits for a rate limit', async () => {
  const client = await connect();
  await client.join('r');
  service.intercept = ({ action }) => (action === 'say' ? refuse('rate_limited', { retryAfterMs: 50_000 }) : undefined);
  const said = ['one', 'two'].map((data) => codeOf(client.say('r', data)));
  await settle();
  client.close();
  assert.deepEqual(await Promise.all(said), ['closed', 'closed']);
});

// Silence and slowness.

test('a round trip of six seconds is no dead connection', async () => {
  service.latencyMs = 6000;
  const client = await connect();
  await pass(10_000);
  client.join('r');
  const told = client.tell({ user: 'bob' }, 1);
  for (let n = 0; n < 5; n++) {
    client.check();
    await pass(20_000);
  }
  await told;
  assert.deepEqual([client.state, service.dials.length, service.count('join'), service.count('tell')], ['open', 1, 1, 1]);
});

test('a clock that is set back does not silence the keep-alive', async () => {
  await connect();
  const right = Date.now;
  mock.method(Date, 'now', () => right() - 24 * 60 * MINUTE);
  await pass(30 * MINUTE, 1000);
  assert.ok(service.count('ping') >= 3, `${service.count('ping')} pings`);
});

for (const [line, bytesPerSecond] of [['32 KB/s', 32 * 1024], ['64 KB/s', 64 * 1024]]) {
  test(`20 rooms with full pages over ${line} take little more than their bytes`, async (t) => {
    const names = Array.from({ length: 20 }, (_, n) => `room-${n}`);
    const fill = (to) => names.forEach((name) => Array.from({ length: 100 }, () => to.spoken(name, 'x'.repeat(1000))));
    const join = async (to) => {
      serve(to);
      fill(to);
      const client = await connect();
      const began = performance.now();
      let joined = false;
      Promise.all(names.map((name) => client.join(name))).then(() => (joined = true));
      while (!joined && performance.now() - began < 10 * MINUTE) await pass(50);
      assert.ok(joined);
      assert.deepEqual([client.told.page.length, to.dials.length, client.told.error.length], [20, 1, 0]);
      return { bytes: to.bytes, ms: performance.now() - began };
    };
    const fast = await join(new Service());
    const slow = await join(Object.assign(new Service(), { bytesPerSecond, latencyMs: 50 }));
    const bare = (1000 * fast.bytes) / bytesPerSecond;
    t.diagnostic(`${slow.bytes} bytes, ${(slow.bytes / fast.bytes).toFixed(3)} x a fast line's; ${slow.ms} ms, ${(slow.ms / bare).toFixed(3)} x the bare transfer`);
    assert.ok(slow.bytes <= 1.3 * fast.bytes && slow.ms <= 1.3 * bare);
  });
}

test('a late answer is as good as one in time, and a lost one is asked for again', async () => {
  const client = await connect();
  const asked = [];
  service.intercept = (message, socket) => {
    if (message.action !== 'echo') return undefined;
    asked.push(() => socket.arrive({ type: 'echo', data: message.data, id: message.id }));
    return null;
  };
  const late = client.echo('late');
  service.latencyMs = 9000; // The line is slow: what finds out about it is late as well.
  await pass(3000);
  asked[0]();
  await pass(9500);
  assert.equal(asked.length, 1);
  assert.equal((await late).data, 'late');
  service.latencyMs = 0;
  const lost = client.echo('lost');
  const { length } = asked;
  await pass(10_100);
  assert.equal(asked.length, length + 2);
  asked.at(-1)();
  await settle();
  assert.equal((await lost).data, 'lost');
});

test('few joins are under way at a time', async () => {
  const client = await connect();
  let most = 0;
  const held = [];
  service.intercept = (message, socket) => {
    if (message.action !== 'join') return undefined;
    held.push(() => socket.arrive({ ...service.join(socket, message), id: message.id }));
    most = Math.max(most, held.length);
    return null;
  };
  const joined = Promise.all(Array.from({ length: 20 }, (_, n) => client.join(`r${n}`)));
  for (let n = 0; n < 20; n++) {
    await settle();
    held.shift()();
  }
  await joined;
  assert.ok(most <= 4, `${most} at a time`);
});

// Networks that come and go, as browsers tell.

test('a browser without a network does not try, and one with it tries at once', async () => {
  const listeners = {};
  globalThis.addEventListener = (type, listener) => (listeners[type] = listener);
  globalThis.removeEventListener = (type) => delete listeners[type];
  try {
    const client = await connect();
    listeners.offline({ type: 'offline' });
    service.down = true;
    service.cut();
    await pass(10 * MINUTE, 1000);
    assert.deepEqual([service.dials.length, client.state, client.told.state.at(-1)], [1, 'reconnecting', { state: 'reconnecting' }]);
    service.down = false;
    listeners.online({ type: 'online' });
    await settle();
    assert.deepEqual([service.dials.length, client.state], [2, 'open']);
    client.close();
    assert.deepEqual(listeners, {});
  } finally {
    delete globalThis.addEventListener;
    delete globalThis.removeEventListener;
  }
});

// What ends for good.

async function fails(options, code) {
  const client = await connect(options);
  const joined = codeOf(client.join('r'));
  await pass(60_000, 250);
  const { state, reason } = client.told.state.at(-1);
  assert.deepEqual([client.state, state, reason.name, reason.code, await joined], ['failed', 'failed', 'WsEchoError', code, code]);
  assert.equal(await codeOf(client.tell({ user: 'bob' }, 1)), code);
  const { length } = service.dials;
  await pass(10 * MINUTE, 1000);
  assert.equal(service.dials.length, length);
  return { client, reason };
}

test('without a WebSocket class it fails at once', async () => {
  const client = await connect({ WebSocket: null });
  assert.deepEqual(states(client), ['connecting', 'failed']);
  assert.equal(client.told.state[1].reason.code, 'unsupported');
});

test('a WebSocket that cannot be made fails', async () => {
  const Refusing = class { constructor() { throw new DOMException('to sesame', 'SecurityError'); } };
  const { reason } = await fails({ WebSocket: Refusing, token: 'sesame' }, 'unsupported');
  assert.ok(!reason.message.includes('sesame'));
});

for (const code of ['unauthorized', 'forbidden']) {
  test(`a token() that says ${code} fails`, async () => {
    await fails({ token: async () => { throw Object.assign(new Error('sign in again'), { code }); } }, code);
  });
}

test('a token that has expired and is refused fails', async () => {
  service.down = true;
  const { reason } = await fails({ token: tokenUntil(1) }, 'unauthorized');
  assert.match(reason.message, /expired/);
  assert.equal(service.dials.length, 1);
});

test('a token that the service calls expired fails when it is refused', async () => {
  const client = await connect({ token: 'sesame' });
  service.down = true;
  service.intercept = () => refuse('token_expired');
  const told = codeOf(client.tell({ user: 'bob' }, 1));
  await pass(2000);
  assert.deepEqual([client.state, await told], ['failed', 'unauthorized']);
});

test('where the platform tells a status it counts', async () => {
  service.down = true;
  service.status = 401;
  await fails({ token: 'sesame' }, 'unauthorized');
  assert.equal(service.dials.length, 1);
  service.dials = [];
  await fails({ token: () => 'sesame' }, 'unauthorized'); // It may have a better one the next time.
  assert.equal(service.dials.length, 2);
  service.status = 403;
  await fails({}, 'forbidden');
});

test('refused five times by a server that can be reached, it says what may be wrong', async () => {
  service.down = true;
  const asked = [];
  const { reason } = await fails({ token: () => 'sesame', reachable: async (url) => asked.push(url) > 0 }, 'unauthorized');
  assert.deepEqual([service.dials.length, asked], [5, ['http://localhost/dev']]);
  assert.match(reason.message, /hide why.*token.*origin/);
  assert.ok(!reason.message.includes('sesame'));
});

test('no other server than its own is asked whether it can be reached', async () => {
  service.down = true;
  const asked = new Set();
  for (const url of ['wss://ws.example.com/dev', 'https://ws.example.com/dev', 'http://ws.example.com/dev']) {
    const client = new WsEcho(url, { WebSocket: service.WebSocket, reachable: async (asks) => asked.add(asks) });
    clients.push(client);
    client.connect();
    await pass(60_000, 500);
  }
  assert.deepEqual([...asked], ['https://ws.example.com/dev', 'http://ws.example.com/dev']);
});

test('a server that cannot be reached, or be asked, is tried for ever', async () => {
  service.down = true;
  const client = await connect({ reachable: async () => { throw new TypeError('blocked'); } });
  await pass(20 * MINUTE, 1000);
  assert.equal(client.state, 'reconnecting');
  service.down = false;
  await pass(2 * MINUTE, 1000);
  assert.equal(client.state, 'open');
});

test('a bad hour of the service ends no client that was in', async () => {
  for (const status of [0, 429, 503]) {
    serve();
    const client = await connect({ reachable: async () => true });
    Object.assign(service, { down: true, status });
    service.cut();
    await pass(60 * MINUTE, 1000);
    assert.equal(client.state, 'reconnecting');
    service.down = false;
    await pass(2 * MINUTE, 1000);
    assert.equal(client.state, 'open');
  }
});

test('after a failure connect goes on with the rooms that were joined', async () => {
  let valid = true;
  const client = await connect({ token: () => { if (valid) return 'a'; throw Object.assign(new Error('sign in'), { code: 'unauthorized' }); } });
  await client.join('r');
  service.spoken('r', 1);
  await settle();
  valid = false;
  service.cut();
  await pass(1000);
  assert.equal(client.state, 'failed');
  service.spoken('r', 2);
  valid = true;
  client.connect();
  await pass(100);
  assert.deepEqual([states(client).slice(-2), client.told.page.length], [['connecting', 'open'], 1]);
  assert.deepEqual(client.told.message.map(({ data }) => data), [1, 2]);
});
