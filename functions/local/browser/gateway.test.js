/** What a browser can see of the gateway: how sockets open, are refused and end. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './chromium.js';
import { startLocal } from './local.js';

let local, browser, page;

before(async () => {
  local = await startLocal(['-q']);
  browser = await launch();
  page = await browser.newPage();
  await page.goto(local.http);
});

after(async () => {
  await browser?.close();
  await local?.stop();
});

/** Opens a socket in the page, does one thing when it is open, and returns what came of it. */
const socket = (query, protocols, act) => page.evaluate(([url, offered, [verb, ...args]]) => new Promise((resolve) => {
  const seen = { opened: false, protocol: '', extensions: '', messages: [] };
  const ws = new WebSocket(url, offered);
  ws.onopen = () => {
    Object.assign(seen, { opened: true, protocol: ws.protocol, extensions: ws.extensions });
    if (verb === 'binary') ws.send(new Uint8Array([1, 2, 3]));
    if (verb === 'text') ws.send('x'.repeat(args[0]));
    if (verb === 'message') ws.send(args[0]);
    if (verb === 'close') ws.close(...args);
    if (verb === 'wait') globalThis.waiting = true;
  };
  ws.onmessage = ({ data }) => {
    seen.messages.push(data);
    ws.close();
  };
  ws.onclose = ({ code, reason, wasClean }) => resolve({ ...seen, code, reason, wasClean });
}), [local.url + query, protocols, act]);

test('a socket opens, with compression, and is answered', async () => {
  const seen = await socket('', [], ['message', '{"action":"echo","id":"1"}']);
  assert.ok(seen.opened && seen.wasClean);
  assert.match(seen.extensions, /permessage-deflate/);
  assert.equal(JSON.parse(seen.messages[0]).type, 'echo');
});

test('our subprotocol is accepted', async () => {
  assert.equal((await socket('', ['wsecho.v1', 'other'], ['close', 1000])).protocol, 'wsecho.v1');
});

test('a browser gives up where no offered subprotocol is accepted', async () => {
  const seen = await socket('', ['other'], ['close', 1000]);
  assert.deepEqual([seen.opened, seen.code], [false, 1006]);
});

test('a refused handshake looks like any failure', async () => {
  const seen = await socket('?user=anon-x', [], ['close', 1000]);
  assert.deepEqual([seen.opened, seen.code, seen.wasClean], [false, 1006, false]);
});

test('a binary message ends with 1003', async () => {
  assert.equal((await socket('', [], ['binary'])).code, 1003);
});

test('a frame over 32 KB ends with 1009', async () => {
  assert.equal((await socket('', [], ['text', 32 * 1024 + 1])).code, 1009);
});

test('the code of the client comes back', async () => {
  const seen = await socket('', [], ['close', 4001, 'bye']);
  assert.deepEqual([seen.code, seen.wasClean], [4001, true]);
});

test('the end of the service is 1001', async () => {
  const ended = socket('', [], ['wait']);
  await page.waitForFunction(() => globalThis.waiting);
  await local.stop();
  assert.equal((await ended).code, 1001);
});
