/** Which server the page talks to. Run by `go test` or with `node --test`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namedServer, ownServer, saidYes, sameServer, sayYes } from '../chat-server.js';

const search = (address) => `?url=${encodeURIComponent(address)}`;

function newStorage() {
  const all = new Map();
  return { getItem: (key) => all.get(key) ?? null, setItem: (key, value) => all.set(key, value) };
}

test("a page's own server is the stage of its host", () => {
  assert.equal(ownServer({ protocol: 'http:', host: '127.0.0.1:8080' }, 'try'), 'ws://127.0.0.1:8080/try');
  assert.equal(ownServer({ protocol: 'https:', host: 'chat.example' }, ''), 'wss://chat.example/dev');
});

test('an address names a server, and nothing more of it than where it is', () => {
  assert.equal(namedServer(''), undefined);
  assert.equal(namedServer('?x=ws://a'), undefined);
  assert.equal(namedServer(search('wss://Other.Example:443/dev?token=t&user=u#x')), 'wss://other.example/dev');
  assert.equal(namedServer(search('ws://b\u00fccher.example')), 'ws://xn--bcher-kva.example/');
});

test('what is no WebSocket server is none', () => {
  for (const address of ['', 'other.example', 'http://other.example', 'javascript:alert(1)', 'ws://', 'ws://ada@other.example', 'ws://:x@other.example']) {
    assert.equal(namedServer(search(address)), null, address);
  }
});

test('a server is a scheme, a host and a port', () => {
  assert.ok(sameServer('ws://127.0.0.1:8080/dev', 'ws://127.0.0.1:8080/prod'));
  assert.ok(sameServer('wss://a.example/dev', 'wss://a.example:443/'));
  for (const other of ['ws://127.0.0.1:8081/dev', 'wss://127.0.0.1:8080/dev', 'ws://localhost:8080/dev', 'ws://127.0.0.1.example:8080/dev']) {
    assert.ok(!sameServer('ws://127.0.0.1:8080/dev', other), other);
  }
});

test('yes is what was said in this tab to this server, and what the policy allows', () => {
  const [storage, led] = [newStorage(), []];
  const named = 'ws://other.example:9000/dev';
  const reach = 'ws://other.example:9000';
  assert.ok(!saidYes(named, { reach, storage }), 'before');
  sayYes(named, { storage, location: { replace: (address) => led.push(address) } });
  assert.deepEqual(led, [`/${search(named)}`]);
  assert.ok(saidYes(named, { reach, storage }));
  assert.ok(!saidYes(named, { reach: '', storage }), 'without the policy');
  assert.ok(!saidYes('ws://third.example/dev', { reach: 'ws://third.example', storage }), 'to another one');
  assert.ok(!saidYes(named, { reach, storage: newStorage() }), 'in another tab');
});
