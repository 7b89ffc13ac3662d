/** What the panel "Frames" knows of frames. Run by `go test` or with `node --test`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tapped } from '../frames-tap.js';
import { faultOf } from '../frames-check.js';
import { Exchanges, fresh, wscatLine } from '../frames-text.js';

/** A socket that opens, gets and closes when told. */
class FakeSocket extends EventTarget {
  static OPEN = 1;
  sent = [];
  readyState = 0;

  constructor(url, protocols) {
    super();
    Object.assign(this, { url, protocols });
  }

  send(text) {
    if (this.readyState !== 1) throw new Error('not open');
    this.sent.push(text);
  }

  become(readyState, type, more) {
    this.readyState = readyState;
    this.dispatchEvent(Object.assign(new Event(type), more));
  }

  hear(data) {
    this.dispatchEvent(new MessageEvent('message', { data }));
  }
}

const URL = 'ws://127.0.0.1:8080/dev?user=ada';

function dial(tap, protocols = ['wsecho.v1']) {
  const socket = new tap.WebSocket(URL, protocols);
  socket.become(1, 'open');
  return socket;
}

test('what goes out and what comes in is kept, with its direction and size', () => {
  const tap = tapped(FakeSocket);
  const socket = dial(tap);
  socket.send('{"action":"ping"}');
  socket.hear('{"type":"pong","rooms":{"ü":1}}');
  socket.become(3, 'close', { code: 1006, reason: '' });
  assert.deepEqual(socket.sent, ['{"action":"ping"}']);
  const seen = tap.frames.map(({ way, text, bytes, socket: n }) => ({ way, text, bytes, n }));
  assert.deepEqual(seen, [
    { way: 'event', text: 'Connection 1 is open', bytes: 0, n: 1 },
    { way: 'out', text: '{"action":"ping"}', bytes: 17, n: 1 },
    { way: 'in', text: '{"type":"pong","rooms":{"ü":1}}', bytes: 32, n: 1 },
    { way: 'event', text: 'Connection 1 has ended with 1006', bytes: 0, n: 1 },
  ]);
});

test('what could not be sent is not shown as sent', () => {
  const tap = tapped(FakeSocket);
  const socket = new tap.WebSocket(URL);
  assert.throws(() => socket.send('x'), /not open/);
  assert.deepEqual(tap.frames, []);
});

test('memory is bounded, by number and by size', () => {
  const tap = tapped(FakeSocket, { frames: 10, characters: 1000 });
  const socket = dial(tap);
  for (let i = 0; i < 100; i++) socket.hear(`{"n":${i}}`);
  assert.deepEqual(tap.frames.map(({ text }) => JSON.parse(text).n), [90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
  socket.hear(`"${'x'.repeat(980)}"`);
  assert.ok(tap.frames.reduce((sum, { text }) => sum + text.length, 0) <= 1000);
  socket.hear(`"${'x'.repeat(5000)}"`);
  assert.equal(tap.frames.length, 1, 'the newest is kept, whatever its size');
  socket.hear('{}');
  assert.deepEqual(tap.frames.map(({ text }) => text), ['{}']);
  tap.clear();
  assert.deepEqual(tap.frames, []);
});

test('nobody is told of frames but who listens', () => {
  const tap = tapped(FakeSocket);
  const heard = [];
  const socket = dial(tap);
  tap.onframe = (frame) => heard.push(frame.text);
  socket.hear('1');
  tap.onframe = undefined;
  socket.hear('2');
  assert.deepEqual(heard, ['1']);
});

test('what is sent by hand goes over the newest open connection', () => {
  const tap = tapped(FakeSocket);
  assert.equal(tap.socket, undefined);
  const [first, second] = [dial(tap), dial(tap)];
  const third = new tap.WebSocket(URL);
  tap.socket.send('a');
  second.become(3, 'close', { code: 1000 });
  tap.socket.send('b');
  third.become(1, 'open');
  tap.socket.send('c');
  assert.deepEqual([first.sent, second.sent, third.sent], [['b'], ['a'], ['c']]);
});

test('a connection tells whether it has a token, and keeps it to itself', () => {
  const tap = tapped(FakeSocket);
  dial(tap, ['wsecho.v1', 'bearer.sesame']);
  dial(tap);
  assert.deepEqual(tap.frames.map(({ token }) => token), [true, false]);
  assert.ok(!JSON.stringify(tap.frames).includes('sesame'));
});

const frame = (way, message, more = {}) => ({ way, socket: 1, at: 1000, text: JSON.stringify(message), ...more });

test('a reply is told with its request, and how long it took', () => {
  const exchanges = new Exchanges();
  assert.deepEqual(exchanges.read(frame('out', { action: 'say', id: '7' })), { kind: 'say', kinds: ['say'] });
  assert.deepEqual(exchanges.read(frame('in', { type: 'ack', id: '7' }, { socket: 2 })), { kind: 'ack', kinds: ['ack'] });
  const { kind, kinds, of, took } = exchanges.read(frame('in', { type: 'ack', id: '7' }, { at: 1012 }));
  assert.deepEqual({ kind, kinds, of, took }, { kind: 'ack', kinds: ['ack', 'say'], of: 'say', took: 12 });
  assert.deepEqual(exchanges.read(frame('in', { type: 'messages' })), { kind: 'messages', kinds: ['messages'] });
});

test('what is none of the protocol has a name, too', () => {
  const exchanges = new Exchanges();
  for (const [text, kind] of [['no json', 'other'], ['[1]', 'other'], ['null', 'other'], ['{"message":"Internal server error"}', 'gatewayError'], ['{"type":7}', 'other']]) {
    assert.equal(exchanges.read({ way: 'in', socket: 1, at: 0, text }).kind, kind, text);
  }
  assert.equal(exchanges.read({ way: 'event', socket: 1, at: 0, text: 'Connection 1 is open' }).kind, 'connection');
});

test('requests without a reply do not pile up', () => {
  const exchanges = new Exchanges(3);
  for (const id of ['1', '2', '3', '4']) exchanges.read(frame('out', { action: 'echo', id }));
  assert.equal(exchanges.read(frame('in', { type: 'echo', id: '1' })).of, undefined);
  assert.equal(exchanges.read(frame('in', { type: 'echo', id: '4' })).of, 'echo');
});

test('a line of wscat connects as the page does, with no token, and sends the frame', () => {
  const out = { way: 'out', url: 'ws://127.0.0.1:8080/dev?user=ada', token: false, text: '{"action":"say","data":"it\'s"}' };
  assert.equal(wscatLine(out), `wscat -c 'ws://127.0.0.1:8080/dev?user=ada' -s wsecho.v1 -w -1 -x '{"action":"say","data":"it'\\''s"}'`);
  const withToken = { ...out, url: 'wss://a.example/prod?user=a&token=t', token: true, text: '{"action":\n "ping"}' };
  assert.equal(wscatLine(withToken), `wscat -c 'wss://a.example/prod?user=a' -s wsecho.v1 -s "bearer.$TOKEN" -w -1 -x '{"action":"ping"}'`);
});

test('what is wrong with a text is told with its place', () => {
  const wrong = [
    ['', 1, 1, /nothing/],
    ['{"action":"echo",}', 1, 18, /key/],
    ['{"action":"echo"', 1, 17, /, or }/],
    ['{\n  "action": echo\n}', 2, 13, /value/],
    ['{"action" "echo"}', 1, 11, /:/],
    ["{'action':'echo'}", 1, 2, /double quotes/],
    ['{"action":"echo"} x', 1, 19, /more/],
    ['{"action":"ec\nho"}', 1, 11, /string/],
    ['{"action":"echo","data":[1 2]}', 1, 28, /, or ]/],
    ['{"action":"echo","data":01}', 1, 25, /value|number/],
    ['{"action":"echo","data":{"a":1,"a":2}}', 1, 32, /"a" appears twice/],
    ['{"action":"echo","\\u0069d":"x","id":"y"}', 1, 32, /"id" appears twice/],
    ['[1]', 1, 1, /object/],
    ['{"id":"x"}', 1, 1, /action/],
    ['{"action":5}', 1, 1, /action/],
    ['{"action":"echo","id":"12"}', 1, 1, /id/],
    [`{"action":"echo","data":"${'ü'.repeat(16_384)}"}`, 1, 1, /32,768 bytes/],
  ];
  for (const [text, line, column, words] of wrong) {
    const fault = faultOf(text);
    assert.ok(fault, `nothing is wrong with ${text.slice(0, 60)}`);
    assert.deepEqual([fault.line, fault.column], [line, column], `${text.slice(0, 60)}: ${fault.message}`);
    assert.match(fault.message, words);
  }
});

test('what JSON allows is not told as wrong, and what it does not is', () => {
  const values = ['1', '-0.5e+10', 'true', 'false', 'null', '"\\u00fc\\n\\"\\/"', '[]', '{}', '[1,[2,{"a":[]}]]', '{"a":{"a":1}}', ' { } ', '"\u2028"',
    '1.', '.5', '+1', 'NaN', '"\\x"', '"\t"', '[,]', '{,}', '[1,]', '"', '\ufeff1', 'tru', '--1', '"\\u12g4"', '\u00a0'];
  for (const value of values) {
    const text = `{"action":"echo","data":${value}}`;
    let valid = true;
    try {
      JSON.parse(text);
    } catch {
      valid = false;
    }
    assert.equal(faultOf(text) === undefined, valid, text);
  }
});

test('an example is made for this connection: an id and a key of its own', () => {
  const said = { action: 'say', id: '7', room: 'lobby', data: 1, key: 'the same for every reader' };
  const [one, other] = [fresh(said), fresh(said)];
  assert.deepEqual(Object.keys(one), Object.keys(said));
  assert.notEqual(one.id, other.id);
  assert.notEqual(one.key, other.key);
  assert.match(one.key, /^[\w-]{16,64}$/);
  assert.equal(faultOf(JSON.stringify(one)), undefined);
  assert.deepEqual(Object.keys(fresh({ action: 'ping' })), ['action', 'id']);
});
