/** What the page says when something is wrong, and what the person can do then. Part of `make test-browser`. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import { launch } from './chromium.js';
import { newIssuer } from './issuer.js';
import { inRepository, startLocal, startNetwork, tool } from './local.js';
import { connected, enter, inspect, log, newTab, say, shows, until } from './page.js';

const { WebSocket } = tool('protocol', 'ws');
const pictures = inRepository('.tools', 'browser');
const ROOM_TO_RENEW_S = 600;

let browser, issuer, page;
const faults = [];
const ends = []; // What a test began.

before(async () => {
  mkdirSync(pictures, { recursive: true });
  browser = await launch();
  issuer = newIssuer();
});

after(async () => {
  await browser?.close();
  issuer?.stop();
});

afterEach(async () => {
  await page?.context().close();
  for (const end of ends.splice(0).reverse()) await end();
});

async function local(...args) {
  const started = await startLocal(['-q', ...args]);
  ends.push(started.stop);
  return started;
}

const guarded = () => local('-messages-per-minute', '0', ...issuer.flags);

async function open(address) {
  page = await newTab(browser, { faults, viewport: { width: 1400, height: 900 } });
  await page.goto(address);
}

async function join(token) {
  await page.getByLabel(/^Token for/).fill(token);
  await page.keyboard.press('Enter');
}

/** Waits until the page says something. */
const told = (kind, text) => page.locator(`#trouble[data-kind=${kind}]`, { hasText: text }).waitFor();

async function renew(token) {
  await page.getByLabel('New token').fill(token);
  await page.keyboard.press('Enter');
}

/** Where everything is that must not move, in a wide and a narrow window. */
async function places() {
  const all = {};
  for (const width of [1400, 400]) {
    await page.setViewportSize({ width, height: 800 });
    all[width] = await page.evaluate(() => ['.bar', '#where', '#quit', '.talk-head', '#logs', '#composer', '#text', '#send'].map((selector) => {
      const { x, y, width, height } = document.querySelector(selector).getBoundingClientRect();
      return [selector, x, y, width, height].join(' ');
    }));
  }
  return all;
}

/** Names that have a space can be nobody's, and so a token's text is easy to find. */
const texts = () => page.evaluate(() => document.documentElement.innerHTML + JSON.stringify({ ...sessionStorage, ...localStorage }));

test('a server that takes tokens asks for one, and for no name', async () => {
  const { http } = await guarded();
  await open(http);
  await page.getByText('This server asks for a token').waitFor();
  assert.equal(await page.getByLabel('Your name').isVisible(), false);
  await page.getByRole('button', { name: 'Join', exact: true }).click();
  assert.equal(await page.locator('#entry').isVisible(), true, 'without a token nothing is tried');
  await join(issuer.token('ada', ROOM_TO_RENEW_S * 2));
  await connected(page);
  await until(() => page.locator('#me-name').textContent(), 'ada');
});

test('a token that has expired: what was written goes out with the next one', async () => {
  const { http } = await guarded();
  await open(http);
  const expired = issuer.token('ada', -60);
  await join(expired);
  await told('token', 'Your token has expired');
  await say(page, 'written without a token');
  await log(page).locator('.pending').waitFor();
  await inspect(page, `${pictures}/token-expired`);
  const before = await places();
  assert.ok(!(await texts()).includes(expired.slice(0, 40)), 'the token is in the page');
  await renew(issuer.token('ada', ROOM_TO_RENEW_S * 2));
  await connected(page);
  await shows(page, ['written without a token']);
  await page.locator('#trouble').waitFor({ state: 'hidden' });
  assert.deepEqual(await places(), before, 'something moved');
});

test('a token that the server refuses', async () => {
  const { http } = await guarded();
  await open(http);
  await join(`${issuer.token('ada', 3600).split('.').slice(0, 2).join('.')}.AAAA`);
  await told('token', 'refuses your token');
  await renew('no token');
  await told('token', 'characters');
  await renew(issuer.token('ada', 3600));
  await connected(page);
});

test('a token that ends soon: the conversation goes on with the next one, without a break', async () => {
  const { http } = await guarded();
  await open(http);
  await join(issuer.token('ada', 20));
  await connected(page);
  await say(page, 'before');
  await shows(page, ['before']);
  await page.evaluate(() => {
    globalThis.states = [];
    new MutationObserver(() => states.push(document.getElementById('state').dataset.state)).observe(document.getElementById('state'), { attributes: true });
  });
  await page.locator('#trouble[data-kind=token]', { hasText: 'Your token ends soon' }).waitFor({ timeout: 30_000 });
  await say(page, 'meanwhile');
  await shows(page, ['before', 'meanwhile']);
  await renew(issuer.token('ada', 3600));
  await page.locator('#trouble').waitFor({ state: 'hidden' });
  await say(page, 'after');
  await shows(page, ['before', 'meanwhile', 'after']);
  assert.deepEqual(await page.evaluate(() => globalThis.states), []);
});

test('a token is forgotten with a reload, rooms and drafts are not', async () => {
  const { http } = await guarded();
  await open(`${http}/?room=garden`);
  await join(issuer.token('ada', 3600));
  await connected(page);
  await page.locator('#text').fill('half a senten');
  await page.reload();
  await page.getByRole('alert').getByText('forgets tokens').waitFor();
  await join(issuer.token('ada', 3600));
  await connected(page);
  assert.equal(await page.locator('#title').textContent(), '#garden');
  assert.equal(await page.locator('#text').inputValue(), 'half a senten');
});

test('a name that the server refuses leads back to the door', async () => {
  const { http, url } = await local('-connections-per-user', '1');
  const first = new WebSocket(`${url}?user=ada`, ['wsecho.v1']);
  await new Promise((resolve, reject) => Object.assign(first, { onopen: resolve, onerror: reject }));
  ends.push(() => first.terminate());
  await open(http);
  await page.getByLabel('Your name').fill('ada');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('refuses the name ada').waitFor();
  await page.getByLabel('Your name').fill('bob');
  await page.keyboard.press('Enter');
  await connected(page);
});

test('a server that does not let the page in', async () => {
  const [own, other] = [await local(), await local('-origins', 'https://chat.example')];
  await open(`${own.http}/?url=${encodeURIComponent(other.url)}`);
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByLabel('Your name').fill('ada');
  await page.keyboard.press('Enter');
  await told('refused', `has to allow pages of ${own.http} (ALLOWED_ORIGINS)`);
  await page.locator('header').getByText(`another server: ${new URL(other.url).host}`).waitFor();
});

test('who writes too much is told for how long', async () => {
  const { http } = await local('-messages-per-minute', '1');
  await open(http);
  await enter(page, 'ada', http);
  const before = await places();
  for (let n = 0; !(await page.locator('#trouble[data-kind=throttled]').isVisible()); n++) await say(page, `line ${n}`);
  await told('throttled', /takes more in\s+\d+ s/);
  await log(page).locator('.pending').first().waitFor();
  assert.deepEqual(await places(), before, 'something moved');
  await inspect(page, `${pictures}/throttled`);
});

test('a server that is gone, and one that begins anew: what was in sight stays, above a mark', async () => {
  const first = await startLocal(['-q']);
  const network = await startNetwork(new URL(first.url));
  ends.push(network.stop);
  await open(`http://127.0.0.1:${network.port}`);
  await enter(page, 'ada', `http://127.0.0.1:${network.port}`);
  await say(page, 'said before');
  await shows(page, ['said before']);
  await inspect(page, `${pictures}/online`);
  const before = await places();
  network.cut();
  await first.stop();
  await told('gone', `127.0.0.1:${network.port} does not answer`);
  await say(page, 'said in between');
  await log(page).locator('.pending').waitFor();
  assert.deepEqual(await places(), before, 'something moved');
  await inspect(page, `${pictures}/offline`);
  network.mend(new URL((await local()).url));
  await connected(page);
  await log(page).locator('.message:not(.past *, .pending)', { hasText: 'said in between' }).waitFor();
  await log(page).getByText('The server began anew').waitFor();
  assert.deepEqual(await log(page).locator('.past .body').allTextContents(), ['said before']);
  assert.deepEqual(await places(), before, 'something moved');
  await inspect(page, `${pictures}/anew`);
});

test('a machine without a network', async () => {
  const { http } = await local();
  await open(http);
  await enter(page, 'ada', http);
  const network = await startNetwork(new URL(http));
  ends.push(network.stop);
  await page.goto(http.replace(/:\d+$/, `:${network.port}`));
  await page.getByLabel('Your name').fill('ada');
  await page.keyboard.press('Enter');
  await connected(page);
  await page.context().setOffline(true);
  network.cut();
  await told('gone', 'This machine has no network');
  await page.context().setOffline(false);
  network.mend();
  await connected(page);
  await page.locator('#trouble').waitFor({ state: 'hidden' });
});

for (const [how, script] of [
  ['forbidden', () => ['localStorage', 'sessionStorage'].forEach((name) => Object.defineProperty(globalThis, name, { get: () => { throw new DOMException('denied', 'SecurityError'); } }))],
  ['full', () => (Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); })],
]) {
  test(`storage that is ${how}`, async () => {
    const { http } = await local();
    await open(http);
    await page.addInitScript(script);
    await enter(page, 'ada', http);
    await say(page, 'hello');
    await shows(page, ['hello']);
    await page.getByLabel('Message to').fill('not yet');
    await page.evaluate(() => dispatchEvent(new Event('pagehide')));
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Your name').fill('bob');
    await page.keyboard.press('Enter');
    await connected(page);
    await shows(page, ['hello']);
  });
}

test('pages complained of nothing but what an audit tries', () => {
  assert.deepEqual(faults.filter((fault) => !/Content Security Policy|TrustedScript/.test(fault)), []);
});
