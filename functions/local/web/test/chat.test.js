/** The parts of the page that need no browser. Run by `go test` or with `node --test`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Direct } from '../chat-direct.js';
import { Memory } from '../chat-memory.js';
import { namedRoom, pageOf } from '../chat-server.js';
import { parts } from '../chat-text.js';
import { Tokens, endOf } from '../chat-token.js';
import { countdown, diagnose } from '../chat-trouble.js';

const MINUTE = 60_000;
const jwt = (claims) => ['{}', JSON.stringify(claims), 's'].map((part) => Buffer.from(part).toString('base64url')).join('.');
const endingIn = (milliseconds) => jwt({ exp: (Date.now() + milliseconds) / 1000, sub: 'ö?>' });

function newStorage() {
  const all = new Map();
  return {
    get length() { return all.size; },
    key: (n) => [...all.keys()][n],
    getItem: (key) => all.get(key) ?? null,
    setItem: (key, value) => all.set(key, value),
    removeItem: (key) => all.delete(key),
  };
}

test('links are of http and https, end where their address ends, and name no other host before their own', () => {
  const link = (text, href = text) => ({ text, href });
  const tests = [
    ['no link', ['no link']],
    ['see https://a.test/b_(c), (http://d.test/).', ['see ', link('https://a.test/b_(c)'), ', (', link('http://d.test/'), ').']],
    ['HTTPS://A.test', [link('HTTPS://A.test', 'https://a.test/')]],
    ['javascript:alert(1) data:text/html,x ftp://a.test', ['javascript:alert(1) data:text/html,x ftp://a.test']],
    ['https://bank.test@evil.test/ https:// http://:1', ['https://bank.test@evil.test/ https:// http://:1']],
    ['https://a.test/"><img src=x>', [link('https://a.test/'), '"><img src=x>']],
    ['', []],
  ];
  for (const [text, want] of tests) assert.deepEqual(parts(text), want, text);
});

test('finding links in any text takes no time to speak of', () => {
  for (const text of ['https://'.repeat(4000), `https://a.test/${')'.repeat(30_000)}`, `http://a.test/${'('.repeat(15_000)}${'.'.repeat(15_000)}`]) {
    const began = performance.now();
    parts(text);
    assert.ok(performance.now() - began < 2000, text.slice(0, 20));
  }
});

test("a token's end is what it says itself", () => {
  assert.equal(endOf(jwt({ exp: 1_700_000_000, sub: 'a' })), 1_700_000_000_000);
  for (const token of ['', 'opaque', 'a.b.c', jwt({}), jwt({ exp: 'soon' })]) assert.equal(endOf(token), undefined, token);
});

test('a token is used until it ends; then, or when it is refused, the person is asked once', async () => {
  let asked = 0;
  const tokens = new Tokens(endingIn(5 * MINUTE), true, () => asked++);
  assert.equal(await tokens.get(false), await tokens.get(false));
  assert.equal(asked, 0);
  const [one, other] = [tokens.get(true), tokens.get(true)];
  assert.equal(asked, 1, 'one that replaces a connection has to last longer');
  const next = endingIn(60 * MINUTE);
  tokens.give(next);
  assert.deepEqual(await Promise.all([one, other]), [next, next]);
  assert.equal(await tokens.get(true), next);
  tokens.refuse();
  const again = tokens.get(false);
  assert.equal(asked, 2);
  tokens.give();
  assert.equal(await again, next, 'without another one it is tried again');
  assert.equal(new Tokens('', false, assert.fail).get(false), undefined, 'where none is asked for');
});

test('direct messages are kept by person and server, up to a number and an age', () => {
  const storage = newStorage();
  const at = (ago) => new Date(Date.now() - ago).toISOString();
  const direct = new Direct(storage, 'ws://a', 'ada');
  for (let n = 0; n < 320; n++) direct.add({ id: `m${n}`, peer: 'bob', data: n, at: at(MINUTE - n), mine: false });
  direct.add({ id: 'old', peer: 'bob', data: 'old', at: at(8 * 24 * 60 * MINUTE), mine: false });
  const kept = direct.load();
  assert.deepEqual([kept.length, kept[0].data, kept.at(-1).data], [300, 20, 319]);
  for (const [server, user] of [['ws://a', 'ad'], ['ws://b', 'ada'], ['ws://a', 'bob']]) assert.deepEqual(new Direct(storage, server, user).load(), []);
  storage.setItem('wsecho-direct ws://a ada broken', '{');
  assert.equal(direct.load().length, 300);
  assert.equal(direct.told({ key: 'wsecho-direct ws://a ada x', newValue: JSON.stringify({ peer: 'b', at: at(0) }) }).peer, 'b');
  assert.equal(direct.told({ key: 'wsecho-direct ws://a bob x', newValue: JSON.stringify({ peer: 'b', at: at(0) }) }), undefined);
  direct.forget();
  assert.equal(storage.length, 0);
});

test('a browser that keeps nothing more does not stop the conversation', () => {
  const full = { ...newStorage(), length: 0, setItem: () => { throw new Error('QuotaExceededError'); } };
  new Direct(full, 'ws://a', 'ada').add({ id: '1', peer: 'bob', data: 'x', at: new Date().toISOString() });
});

test('a tab knows what it said itself, after a reload too', () => {
  const storage = newStorage();
  const memory = new Memory(storage, 'ws://a');
  assert.ok(memory.said({ own: true, from: { user: 'ada', connection: 'c1' } }));
  memory.save({ name: 'ada', rooms: [] });
  const after = new Memory(storage, 'ws://a');
  assert.ok(after.said({ own: false, from: { user: 'ada', connection: 'c1' } }));
  assert.ok(!after.said({ own: false, from: { user: 'ada', connection: 'c2' } }));
});

test('a link to a room, on whichever server', () => {
  assert.equal(namedRoom('?room=a.b:c-d_e'), 'a.b:c-d_e');
  for (const search of ['', '?room=', '?room=no+room', '?room=%3Cb%3E', `?room=${'x'.repeat(65)}`, '?room=-a']) assert.equal(namedRoom(search), undefined, search);
  assert.equal(pageOf({}), '/');
  assert.equal(pageOf({ named: 'ws://b:1/dev', room: 'a:b' }), '/?url=ws%3A%2F%2Fb%3A1%2Fdev&room=a%3Ab');
});

test('what is wrong is told by what can be known', () => {
  const none = { given: false, expired: false };
  const good = { given: true, expired: false };
  const base = { error: { code: 'disconnected', message: 'x' }, online: true, reachable: true, host: 'h', origin: 'o', auth: 'open', name: 'ada', token: none };
  const tests = [
    [{ online: false, reachable: undefined }, 'gone', /no network/],
    [{ reachable: false }, 'gone', /h does not answer/],
    [{ reachable: false, token: { given: true, expired: true, end: 0 } }, 'gone', /does not answer/],
    [{ token: { given: true, expired: true, end: 0 } }, 'token', /has expired/],
    [{ auth: 'jwt' }, 'token', /asks for a token/],
    [{ auth: 'jwt', token: good }, 'token', /refuses your token/],
    [{}, 'refused', /the name ada/],
    [{ reachable: undefined }, 'refused', /pages of o/],
    [{ error: { code: 'invalid_token', message: 'the token has characters that no token has' } }, 'token', /The token has characters/],
    [{ error: { code: 'unauthorized', message: '' }, reachable: undefined, token: good }, 'token', /refuses your token/],
    [{ error: { code: 'forbidden', message: '' } }, 'refused', /allow pages of o/],
    [{ error: { code: 'unsupported', message: 'why' } }, 'refused', /why/],
  ];
  for (const [known, kind, words] of tests) {
    const wrong = diagnose({ ...base, ...known });
    assert.equal(wrong.kind, kind, JSON.stringify(known));
    assert.match(`${wrong.title} ${wrong.text}`, words);
  }
});

test('a countdown ends', () => {
  assert.deepEqual([countdown(2500, 1000), countdown(1000, 1000), countdown(undefined)], ['2 s', '', '']);
});
