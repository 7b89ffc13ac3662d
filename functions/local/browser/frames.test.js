/** The panel "Frames" and the protocol's page in a real browser. Part of `make test-browser`. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { launch } from './chromium.js';
import { inRepository, startLocal, tool } from './local.js';

const { source: AXE } = tool('browser', 'axe-core');
const PATIENCE_MS = 15_000;
const pictures = inRepository('.tools', 'browser');

let local, browser, ada, bob;
const faults = []; // What a page complained of.

before(async () => {
  mkdirSync(pictures, { recursive: true });
  local = await startLocal(['-q', '-messages-per-minute', '0']);
  browser = await launch();
  ada = await enter('ada', { viewport: { width: 1400, height: 900 } });
  bob = await enter('bob', {});
});

after(async () => {
  await browser?.close();
  await local?.stop();
});

async function tab(options) {
  const context = await browser.newContext({ ...options, locale: 'en-GB', timezoneId: 'UTC', permissions: ['clipboard-read', 'clipboard-write'] });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (line) => line.type() === 'error' && faults.push(line.text()));
  return page;
}

async function enter(name, options, token) {
  const page = await tab(options);
  await page.goto(local.http);
  await page.getByLabel('Your name').fill(name);
  if (token) {
    await page.getByText('Use a token').click();
    await page.getByLabel(/^Token for/).fill(token);
  }
  await page.getByRole('button', { name: 'Join', exact: true }).first().click();
  await page.locator('#state[data-state=open]').waitFor();
  return page;
}

const opener = (page) => page.getByRole('button', { name: 'Frames', exact: true });
const rows = (page, has) => page.locator('.frame:not([hidden])', { hasText: has });
const replies = (page, id) => page.locator('.frame[data-way=in]', { hasText: `"id":"${id}"` });
const frameText = (page) => page.getByLabel('Frame', { exact: true });
const fault = (page) => page.locator('#frames-fault');

async function open(page) {
  if (await opener(page).getAttribute('aria-expanded') !== 'true') await opener(page).click();
}

/** Puts a message into the editor and sends it. */
async function send(page, message) {
  await frameText(page).fill(typeof message === 'string' ? message : JSON.stringify(message));
  await page.getByRole('button', { name: 'Send frame' }).click();
}

test('the panel shows what was exchanged before it was opened, both ways, with time and size', async () => {
  assert.equal(await ada.locator('.frame').count(), 0, 'a closed panel renders nothing');
  await open(ada);
  await rows(ada, 'Connection 1 is open').waitFor();
  const [asked, answered] = [rows(ada, '"action":"hello"'), rows(ada, '"type":"welcome"')];
  assert.match(await asked.locator('summary').innerText(), /^\d\d:\d\d:\d\d\.\d{3}\s+↑\s+sent\s+hello\s+\d+ B\s+\{"action":"hello"/);
  assert.match(await answered.locator('summary').innerText(), /↓\s+received\s+welcome\s+\d+ B\s+to hello, \d+ ms\s+\{"type":"welcome"/);
  assert.equal(await ada.evaluate(() => document.activeElement.id), 'frames-title');
});

test('every action of the document has an example, which the service takes', async () => {
  const { actions } = await ada.evaluate(() => import('/examples.js'));
  const offered = await ada.getByLabel('Example').locator('option').allTextContents();
  assert.ok(actions.length >= 10);
  for (const { name } of actions) assert.ok(offered.includes(name), name);
  for (const label of offered) {
    await ada.getByLabel('Example').selectOption({ label });
    const { id } = JSON.parse(await frameText(ada).inputValue());
    await ada.getByRole('button', { name: 'Send frame' }).click();
    const reply = await replies(ada, id).locator('summary code').textContent();
    const code = reply.match(/"code":"(\w+)"/)?.[1];
    assert.ok([undefined, 'not_a_member', 'unrecoverable_position', 'recipient_not_found'].includes(code), `${label}: ${reply}`);
  }
});

test('the page survives what was sent by hand', async () => {
  await send(ada, { action: 'leave', room: 'lobby', id: 'hand-leave' });
  await replies(ada, 'hand-leave').waitFor();
  await send(ada, { action: 'nope', id: 'nobody knows this' });
  await rows(ada, 'unknown_action').waitFor();
  await send(ada, { action: 'join', room: 'lobby', id: 'hand-join' });
  await replies(ada, 'hand-join').waitFor();
  await ada.getByLabel('Message to').fill('Still here.');
  await ada.keyboard.press('Enter');
  await bob.getByText('Still here.').waitFor();
  await ada.locator('.message:not(.pending)', { hasText: 'Still here.' }).waitFor();
});

test('what is said by hand reaches the others, and this page', async () => {
  await send(ada, { action: 'say', room: 'lobby', data: { text: 'Said by hand.' }, id: 'hand-say' });
  await bob.getByText('Said by hand.').waitFor();
  await bob.getByLabel('Message to').fill('I saw it.');
  await bob.keyboard.press('Enter');
  await ada.locator('.message', { hasText: 'I saw it.' }).waitFor();
  await ada.locator('.message', { hasText: 'Said by hand.' }).waitFor();
});

test('echo and broadcast are a click away', async () => {
  await ada.getByRole('button', { name: 'Send an echo' }).click();
  await rows(ada, 'reply, ').last().getByText('echo', { exact: true }).waitFor();
  await ada.getByRole('button', { name: 'Send a broadcast' }).click();
  await bob.locator('.message', { hasText: 'hello everybody' }).last().waitFor({ state: 'attached' }); // Among the notices.
});

test('what is wrong with the JSON is told before it is sent', async () => {
  await frameText(ada).fill('{\n  "action": "echo",\n  "data": nothing\n}');
  await fault(ada).getByText('Line 3, column 11: a value is missing here').waitFor();
  assert.equal(await frameText(ada).getAttribute('aria-invalid'), 'true');
  await frameText(ada).press('Control+Enter');
  assert.equal(await ada.evaluate(() => document.activeElement.selectionStart), 32);
  await send(ada, '{"action":"echo","id":"1"}');
  await fault(ada).getByText('digits alone').waitFor();
  assert.equal(await rows(ada, /nothing|"echo","id":"1"}$/).count(), 0, 'it was sent nevertheless');
  await send(ada, { action: 'echo', id: 'right' });
  await fault(ada).getByText('Sent.').waitFor();
  assert.equal(await frameText(ada).getAttribute('aria-invalid'), 'false');
});

test('frames are found by direction and by type; a reply, too, by the action that it answers', async () => {
  await ada.getByLabel('Type or action').selectOption('echo');
  assert.ok(await rows(ada).count() >= 4);
  await ada.getByLabel('Type or action').selectOption('say');
  const ways = await rows(ada).evaluateAll((items) => items.map((item) => item.dataset.way));
  assert.ok(ways.includes('out') && ways.includes('in'), 'no reply');
  await ada.getByLabel('Direction').selectOption('in');
  for (const kind of await rows(ada).locator('.kind').allTextContents()) assert.equal(kind === 'ack' || kind === 'error', true, kind);
  await ada.getByLabel('Type or action').selectOption('');
  await ada.getByLabel('Direction').selectOption('');
});

test('a pause holds the list still, and loses nothing', async () => {
  const pause = ada.getByRole('button', { name: /^Pause/ });
  await pause.click();
  const held = await ada.locator('.frame').count();
  await ada.getByRole('button', { name: 'Send an echo' }).click();
  await ada.getByRole('button', { name: 'Paused: 2 more' }).waitFor();
  assert.equal(await ada.locator('.frame').count(), held);
  await pause.click();
  assert.equal(await ada.locator('.frame').count(), held + 2);
});

test('a frame unfolds by keyboard, and is copied as a line of wscat, and as JSON', async () => {
  const row = rows(ada, '"id":"right"').first();
  await row.locator('summary').focus();
  await ada.keyboard.press('Enter');
  assert.equal(await row.locator('pre').textContent(), '{\n  "action": "echo",\n  "id": "right"\n}');
  await row.getByRole('button', { name: 'Copy as wscat line' }).click();
  await ada.getByText('Copied.').waitFor();
  const copied = () => ada.evaluate(() => navigator.clipboard.readText());
  assert.equal(await copied(), `wscat -c '${local.url}?user=ada' -s wsecho.v1 -w -1 -x '{"action":"echo","id":"right"}'`);
  await row.getByRole('button', { name: 'Copy JSON' }).click();
  await ada.waitForFunction(async () => (await navigator.clipboard.readText()).startsWith('{'));
  assert.equal(await copied(), '{"action":"echo","id":"right"}');
  await row.getByRole('button', { name: 'Edit and send again' }).click();
  assert.equal(JSON.parse(await frameText(ada).inputValue()).id, 'right');
});

test('a line that was copied does in a shell what the page did', async () => {
  await send(ada, '{\n  "action": "echo",\n  "id": "shell",\n  "data": "it\'s \\"$HOME\\" `id`"\n}');
  const row = rows(ada, '"id": "shell"').first();
  await row.locator('summary').click();
  await row.getByRole('button', { name: 'Copy as wscat line' }).click();
  await ada.waitForFunction(async () => (await navigator.clipboard.readText()).includes('shell'));
  const line = await ada.evaluate(() => navigator.clipboard.readText());
  const path = `${inRepository('.tools', 'wscat', 'node_modules', '.bin')}:${process.env.PATH}`;
  const { stdout } = await promisify(execFile)('sh', ['-c', line.replace('-w -1', '-w 1')], { env: { ...process.env, PATH: path } });
  const { id, data, connection } = JSON.parse(stdout);
  assert.deepEqual([id, data, connection.user], ['shell', 'it\'s "$HOME" `id`', 'ada']);
});

test('a token is in no frame and in no line', async () => {
  const page = await enter('cleo', {}, 'sesame.open.please');
  await open(page);
  await rows(page, '"action":"hello"').locator('summary').click();
  await page.getByRole('button', { name: 'Copy as wscat line' }).click();
  await page.getByText('Copied.').waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), / -s wsecho\.v1 -s "bearer\.\$TOKEN" /);
  assert.equal((await page.locator('#frames').innerText()).includes('sesame'), false);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Your name').waitFor();
  assert.equal(await rows(page, 'hello').count(), 0, 'frames of who signed out');
  await page.getByRole('button', { name: 'Send an echo' }).click();
  await fault(page).getByText('There is no open connection').waitFor();
  await page.context().close();
});

test('the newest frames are kept, and a flood of them is shown in time', async () => {
  const page = await enter('flood', {});
  await open(page);
  const took = await page.evaluate(async (url) => {
    const { tapped } = await import('/frames-tap.js');
    const { List } = await import('/frames-list.js');
    class Quiet extends EventTarget { url = url; }
    const tap = tapped(Quiet);
    const list = new List(tap, {});
    list.root.style.height = '20rem';
    document.querySelector('#frames').append(list.root);
    list.open();
    const socket = new tap.WebSocket(url);
    const began = performance.now();
    for (let n = 0; n < 5000; n++) {
      socket.dispatchEvent(new MessageEvent('message', { data: JSON.stringify({ type: 'messages', room: 'lobby', messages: [{ seq: n, data: 'x'.repeat(200) }] }) }));
      if (n % 20 === 0) await new Promise(requestAnimationFrame);
    }
    await new Promise(requestAnimationFrame);
    const shown = list.root.querySelectorAll('.frame').length;
    list.root.remove();
    return { ms: performance.now() - began, shown, kept: tap.frames.length };
  }, local.url);
  console.log(`5,000 frames into an open panel: ${Math.round(took.ms)} ms`);
  assert.deepEqual([took.shown, took.kept], [500, 500]);
  await page.context().close();
});

test('Escape closes the panel, and nothing of it stays', async () => {
  await frameText(ada).press('Escape');
  assert.equal(await ada.locator('#frames').isVisible(), false);
  assert.equal(await ada.locator('.frame').count(), 0);
  assert.equal(await ada.evaluate(() => document.activeElement.id), 'frames-button');
});

test('the document opens beside the chat, and needs no network but its own server', async () => {
  const [page] = await Promise.all([ada.context().waitForEvent('page'), ada.getByRole('link', { name: /^Protocol/ }).click()]);
  const asked = [];
  page.on('request', (request) => asked.push(new URL(request.url()).origin));
  await page.reload();
  assert.equal(page.url(), `${local.http}/protocol`);
  await page.getByRole('link', { name: 'unrecoverable_position' }).first().click();
  assert.ok(await page.locator('#code-unrecoverable_position').isVisible());
  assert.deepEqual([...new Set(asked)], [local.http]);
  assert.ok(await ada.locator('#chat').isVisible());
  await page.close();
});

/** What an audit of accessibility finds on a page. */
async function audit(page, rules = {}) {
  await page.evaluate(AXE);
  const { violations, passes } = await page.evaluate((rules) => globalThis.axe.run({ rules }), rules);
  assert.ok(passes.length > 15, `only ${passes.length} rules had something to look at`);
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => html.slice(0, 150) + failureSummary).join(' ')}`);
}

const LOOKS = [400, 1400].flatMap((width) => [['light', 'none'], ['dark', 'none'], ['dark', 'active']].map(([colorScheme, forcedColors]) => ({ width, colorScheme, forcedColors })));

/** Audits a page and draws it, in all looks. */
async function looks(page, name) {
  for (const { width, colorScheme, forcedColors } of LOOKS) {
    const look = `${name}-${width}-${forcedColors === 'active' ? 'forced' : colorScheme}`;
    await page.setViewportSize({ width, height: width === 400 ? 800 : 900 });
    await page.emulateMedia({ colorScheme, forcedColors });
    await page.screenshot({ path: `${pictures}/${look}.png` });
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${look} is wider than its window`);
    // With forced colours the browser paints the system's, but tells the audit the page's.
    const rules = { 'color-contrast': { enabled: forcedColors === 'none' } };
    assert.deepEqual(await audit(page, rules), [], look);
  }
  await page.emulateMedia({ colorScheme: 'light', forcedColors: 'none' });
}

test('an audit of accessibility finds nothing, and pictures', async () => {
  assert.deepEqual(faults, []);
  await open(ada);
  await ada.getByLabel('Example').selectOption('say');
  await rows(ada, '"id":"hand-say"').first().locator('summary').click();
  await ada.locator('#frames-title').click();
  await looks(ada, 'frames');
  await ada.setViewportSize({ width: 400, height: 800 });
  await frameText(ada).fill('{"action": "say", "room": lobby}');
  await frameText(ada).scrollIntoViewIfNeeded();
  await ada.screenshot({ path: `${pictures}/frames-fault-400.png` });
  assert.deepEqual(await audit(ada), [], 'with a fault');
  const page = await tab({});
  await page.goto(`${local.http}/protocol`);
  await looks(page, 'protocol');
  await page.setViewportSize({ width: 1400, height: 900 });
  await page.goto(`${local.http}/protocol#tell`);
  await page.screenshot({ path: `${pictures}/protocol-tell-1400.png` });
  const door = await tab({});
  await door.goto(local.http);
  await opener(door).click();
  await looks(door, 'frames-door');
});
