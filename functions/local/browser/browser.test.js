/** Two people in two tabs of a real browser. `make test-browser` installs what it needs and runs it. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { launch } from './chromium.js';
import { inRepository, startLocal, startNetwork, tool } from './local.js';

const { source: AXE } = tool('browser', 'axe-core');
const PATIENCE_MS = 15_000;
const pictures = inRepository('.tools', 'browser');

let local, network, browser, ada, bob;
const faults = []; // What a page complained of.

before(async () => {
  mkdirSync(pictures, { recursive: true });
  local = await startLocal(['-messages-per-minute', '0']);
  network = await startNetwork(new URL(local.url));
  browser = await launch();
  ada = await tab({ viewport: { width: 1400, height: 900 } });
  bob = await tab({ viewport: { width: 400, height: 800 }, colorScheme: 'dark' });
});

after(async () => {
  await browser?.close();
  await network?.stop();
  await local?.stop();
});

async function tab(options) {
  const context = await browser.newContext({ ...options, locale: 'en-GB', timezoneId: 'UTC' });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('dialog', (dialog) => (faults.push(`a dialog: ${dialog.message()}`), dialog.dismiss()));
  page.on('console', (line) => line.type() === 'error' && !/ERR_|WebSocket connection/.test(line.text()) && faults.push(line.text()));
  return page;
}

async function enter(page, name, address) {
  await page.goto(address);
  if (address.includes('?url=')) await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByLabel('Your name').fill(name);
  await page.keyboard.press('Enter');
  await connected(page);
}

const connected = (page) => page.locator('#state[data-state=open]').waitFor();
const log = (page) => page.locator('.log:not([hidden])');

async function say(page, text) {
  await page.getByLabel('Message to').fill(text);
  await page.keyboard.press('Enter');
}

/** Waits until a page shows exactly these messages, in order. */
async function shows(page, texts) {
  const read = () => log(page).locator('.message:not(.pending) .body').allTextContents();
  const deadline = Date.now() + PATIENCE_MS;
  while (JSON.stringify(await read()) !== JSON.stringify(texts) && Date.now() < deadline) await page.waitForTimeout(50);
  assert.deepEqual(await read(), texts);
}

test('two people talk', async () => {
  await enter(ada, 'ada', local.http);
  await enter(bob, 'bob', `${local.http}/?url=${encodeURIComponent(local.url.replace(/:\d+/, `:${network.port}`))}`);
  await say(ada, 'Good morning!');
  await shows(bob, ['Good morning!']);
  await say(bob, 'Good morning, ada. How is the new back end?');
  await shows(ada, ['Good morning!', 'Good morning, ada. How is the new back end?']);
});

test('a page that is still loading takes no input', async () => {
  const page = await tab({});
  let load;
  const loading = new Promise((resolve) => (load = resolve));
  await page.route('**/chat.js', async (route) => (await loading, route.continue()));
  await page.goto(local.http, { waitUntil: 'commit' });
  await page.locator('#entry').waitFor({ state: 'attached' });
  const early = await page.getByLabel('Your name').isVisible();
  load();
  await page.getByLabel('Your name').fill('early');
  await page.keyboard.press('Enter');
  await connected(page);
  assert.equal(early, false, 'what is typed before the script has come is lost');
  await page.context().close();
});

test('a page shows who is there, by connections', async () => {
  await ada.locator('#people li', { hasText: 'bob' }).waitFor();
  const twin = await tab({});
  await enter(twin, 'bob', local.http);
  await ada.locator('#people li', { hasText: '2 connections' }).waitFor();
  await twin.context().close();
  await ada.locator('#people li', { hasText: '2 connections' }).waitFor({ state: 'detached' });
  assert.deepEqual(await ada.locator('#people .name').allTextContents(), ['ada (you)', 'bob']);
});

test('markup of others is text', async () => {
  const attack = '<script>alert(1)</script><img src=x onerror=alert(2)>';
  await say(bob, attack);
  await shows(ada, ['Good morning!', 'Good morning, ada. How is the new back end?', attack]);
  assert.equal(await log(ada).locator('script, img').count(), 0);
  assert.deepEqual(faults, []);
});

test('the policy stops inline scripts', async () => {
  const ran = await ada.evaluate(() => {
    const script = document.createElement('script');
    try {
      script.textContent = 'window.ran = true';
    } catch {
      return 'refused by trusted types';
    }
    document.body.append(script);
    return window.ran;
  });
  assert.equal(ran, 'refused by trusted types');
  faults.length = 0; // The browser reports what it refused.
});

test('after a reload the room and its messages are there again', async () => {
  await ada.reload();
  await connected(ada);
  await say(ada, 'Still here after a reload.');
  await shows(ada, [...await log(bob).locator('.body').allTextContents()].slice(0, 3).concat('Still here after a reload.'));
});

test('a network that breaks and comes back loses and doubles nothing', async () => {
  network.cut();
  await bob.locator('#state[data-state=reconnecting], #state[data-state=connecting]').first().waitFor();
  await say(ada, 'Said while bob was in a tunnel.');
  await say(bob, 'Said in the tunnel.');
  await bob.getByText('Sending…').waitFor();
  await ada.locator('#people li', { hasText: 'bob' }).waitFor({ state: 'detached' });
  await bob.screenshot({ path: `${pictures}/offline-400.png` });
  network.mend();
  await connected(bob);
  const all = ['Good morning!', 'Good morning, ada. How is the new back end?', '<script>alert(1)</script><img src=x onerror=alert(2)>',
    'Still here after a reload.', 'Said while bob was in a tunnel.', 'Said in the tunnel.'];
  await shows(bob, all);
  await shows(ada, all);
  await ada.locator('#people li', { hasText: 'bob' }).waitFor();
});

test('a direct message reaches one person', async () => {
  await ada.getByRole('button', { name: 'Message bob directly' }).click();
  await say(ada, 'Just between us.');
  await ada.getByText('Delivered to 1 connection').waitFor();
  await bob.getByRole('button', { name: 'Rooms & people' }).click();
  await bob.getByRole('button', { name: /@ada/ }).click();
  await shows(bob, ['Just between us.']);
});

test('what another service pushes into a room is shown there', async () => {
  await ada.getByRole('button', { name: /#lobby/ }).first().click();
  const body = JSON.stringify({ v: 1, audience: 'room:lobby', message: { text: 'A new version is out.' } });
  assert.equal((await fetch(`${local.http}/push`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })).status, 202);
  await ada.getByText('A new version is out.').waitFor();
  await ada.locator('.message', { hasText: 'another service' }).waitFor();
});

test('the keyboard suffices', async () => {
  await bob.getByRole('button', { name: 'Rooms & people' }).focus();
  await bob.keyboard.press('Enter');
  await bob.keyboard.press('Enter'); // The first conversation has the focus.
  assert.equal(await bob.locator('#title').textContent(), '#lobby');
  assert.equal(await bob.evaluate(() => document.activeElement.id), 'text');
  await bob.keyboard.type('one');
  await bob.keyboard.press('Shift+Enter');
  await bob.keyboard.type('two');
  await bob.keyboard.press('Enter');
  await ada.getByText('one\ntwo').last().waitFor();
});

test('scrolling up loads what was said before', async () => {
  await ada.getByLabel('Join another room').fill('archive');
  await ada.keyboard.press('Enter');
  await ada.locator('#title', { hasText: '#archive' }).waitFor();
  await ada.evaluate(async (url) => {
    const { WsEcho } = await import('/client/wsecho.js');
    const writer = new WsEcho(url, { user: 'archivist' });
    writer.connect();
    await writer.join('archive');
    for (let n = 1; n <= 170; n++) await writer.say('archive', { text: `Entry ${n}` });
    writer.close();
  }, local.url);
  await ada.reload();
  await connected(ada);
  await ada.getByText('Entry 170', { exact: true }).waitFor();
  assert.equal(await log(ada).locator('.message').count(), 100);
  await ada.mouse.move(900, 500);
  while ((await log(ada).locator('.message').count()) < 170) {
    await ada.mouse.wheel(0, -4000);
    await ada.waitForTimeout(50);
  }
  await shows(ada, Array.from({ length: 170 }, (_, i) => `Entry ${i + 1}`));
  assert.equal(await ada.getByRole('button', { name: 'Load older messages' }).count(), 0);
});

test('a room that refuses is told at the door', async () => {
  const page = await tab({});
  await page.goto(local.http);
  await page.getByLabel('Your name').fill('ada');
  await page.locator('#room').evaluate((input) => input.removeAttribute('pattern'));
  await page.locator('#room').fill('no room');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText("a room's name has").waitFor();
  await page.getByRole('button', { name: 'Join', exact: true }).waitFor();
  await page.context().close();
});

/** A page that asks whether to connect to another server. */
async function ask() {
  const page = await tab({});
  await page.goto(`${local.http}/?url=${encodeURIComponent('wss://127.0.0.1.a-name-that-begins-like-this-machine.but-is-somebody-elses.example:8443/dev')}`);
  await page.getByRole('heading', { name: 'Connect to another server?' }).waitFor();
  return page;
}

/** What an audit of accessibility finds on a page: contrast, names, roles, order. */
async function audit(page) {
  await page.evaluate(AXE);
  const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
  assert.ok(passes.length > 15, `only ${passes.length} rules had something to look at`);
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 150)).join(' ')}`);
}

test('an audit of accessibility finds nothing', async () => {
  await ada.getByRole('button', { name: /#lobby/ }).first().click();
  const door = await tab({});
  await door.goto(local.http);
  const question = await ask();
  for (const page of [ada, door, question]) {
    for (const width of [400, 1400]) {
      for (const colorScheme of ['light', 'dark']) {
        await page.setViewportSize({ width, height: 800 });
        await page.emulateMedia({ colorScheme });
        assert.deepEqual(await audit(page), [], `${width} px, ${colorScheme}`);
      }
    }
  }
  await door.context().close();
  await question.context().close();
  faults.length = 0; // The audit tries what the policy forbids.
});

test('pictures', async () => {
  await ada.getByRole('button', { name: /#lobby/ }).first().click();
  await say(ada, 'Here is a longer message, to see how lines break: rooms are shared logs, so whoever comes back after a break gets exactly what was missed, in the same order as everybody else.');
  await bob.getByText('Here is a longer message').waitFor();
  for (const [page, who] of [[ada, 'ada'], [bob, 'bob']]) {
    for (const [width, height] of [[400, 800], [1400, 900]]) {
      for (const colorScheme of ['light', 'dark']) {
        await page.setViewportSize({ width, height });
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: `${pictures}/chat-${who}-${width}-${colorScheme}.png` });
        const overflows = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
        assert.equal(overflows, false, `${width} px: the page is wider than its window`);
      }
    }
  }
  const question = await ask();
  for (const [width, colorScheme] of [[400, 'light'], [400, 'dark'], [1400, 'light'], [1400, 'dark']]) {
    await question.setViewportSize({ width, height: 800 });
    await question.emulateMedia({ colorScheme });
    await question.screenshot({ path: `${pictures}/question-${width}-${colorScheme}.png` });
    assert.equal(await question.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${width} px: the question is too wide`);
  }
  await bob.setViewportSize({ width: 400, height: 800 });
  await bob.getByRole('button', { name: 'Rooms & people' }).click();
  await bob.screenshot({ path: `${pictures}/people-400.png` });
  await bob.keyboard.press('Escape');
  await bob.getByRole('button', { name: 'Sign out' }).click();
  for (const [width, height] of [[400, 800], [1400, 900]]) {
    await bob.setViewportSize({ width, height });
    await bob.screenshot({ path: `${pictures}/entry-${width}.png` });
  }
  assert.deepEqual(faults, []);
});
