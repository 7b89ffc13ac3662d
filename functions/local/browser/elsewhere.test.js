/** The page and links that name another server, /?url=wss://…. Part of `make test-browser`. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { launch } from './chromium.js';
import { startLocal } from './local.js';
import { STRANGER, startStranger } from './stranger.js';

const PATIENCE_MS = 15_000;
/** A name of this machine in a local network. */
const DESK = 'desk.test';
const SECRET = 'sesame.open.please';

let browser, local, stranger, context, page;
let other; // The server that links name. Nobody may come there unasked.
let link; // The address of the page that names it.

before(async () => {
  browser = await launch([STRANGER, DESK]);
  local = await startLocal(['-q', '-hosts', DESK]);
  stranger = await startStranger();
});

after(async () => {
  await browser?.close();
  await local?.stop();
  stranger?.stop();
});

beforeEach(async () => {
  other = await startStranger();
  link = linkTo(`ws://${other.host}/dev`);
  context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE_MS);
  page = await context.newPage();
});

afterEach(async () => {
  await context.close();
  other.stop();
});

const linkTo = (server) => `${local.http}/?url=${encodeURIComponent(server)}`;

/** Holds that a page asks, names the server, and that nobody has come there. */
async function asks(where = page) {
  await where.getByRole('heading', { name: 'Connect to another server?' }).waitFor();
  await where.getByRole('main').getByText(other.host).waitFor();
  assert.equal(await where.getByLabel('Your name').isVisible(), false);
  assert.equal(other.connections(), 0);
}

async function connect() {
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByLabel('Your name').waitFor();
}

async function enter(name, token) {
  await page.getByLabel('Your name').fill(name);
  if (token) {
    await page.getByText('Use a token').click();
    await page.getByLabel('Token').fill(token);
  }
  await page.getByRole('button', { name: 'Join', exact: true }).first().click();
}

/** Waits until a browser wanted a WebSocket of the other server. */
async function came() {
  for (const deadline = Date.now() + PATIENCE_MS; other.handshakes.length === 0; ) {
    assert.ok(Date.now() < deadline, 'nobody came');
    await page.waitForTimeout(20);
  }
  return other.handshakes[0];
}

/** Opens a socket in the page; "refused" is what the policy does. */
const socket = (url) => page.evaluate((url) => new Promise((resolve) => {
  document.addEventListener('securitypolicyviolation', () => resolve('refused'), { once: true });
  const ws = new WebSocket(url);
  ws.onopen = ws.onclose = ({ type }) => setTimeout(resolve, 200, type); // A violation is told with or before it.
}), url);

test('a link is asked about, and the person may stay', async () => {
  await page.goto(local.http);
  await enter('ada');
  await page.locator('#state[data-state=open]').waitFor();
  await page.goto(stranger.page(`<a href="${link}">A nicer chat</a>`));
  await page.getByText('A nicer chat').click();
  await asks();
  assert.equal(await page.locator('#state').getAttribute('data-state'), 'closed');
  await page.getByRole('button', { name: 'Stay here' }).click();
  await page.locator('#state[data-state=open]').waitFor();
  assert.equal(page.url(), `${local.http}/`);
  assert.equal(await page.locator('#where').textContent(), new URL(local.http).host);
  assert.equal(other.connections(), 0);
});

test('who was told to connect is still asked for a name, and gives no token', async () => {
  await page.goto(local.http);
  await enter('ada', SECRET);
  await page.locator('#state[data-state=open]').waitFor();
  await page.goto(link);
  await asks();
  await connect();
  assert.equal(other.connections(), 0);
  assert.equal(await page.locator('#token').inputValue(), '');
  await enter('ada');
  assert.deepEqual(await came(), { origin: local.http, protocols: ['wsecho.v1'] });
  assert.match(await page.locator('header').innerText(), new RegExp(`another server: ${other.host}`));
  await page.reload();
  await page.locator('#state[data-state=reconnecting], #state[data-state=connecting]').first().waitFor();
});

test('a token is given to the server that it was given for, and kept nowhere', async () => {
  await page.goto(link);
  await connect();
  assert.equal(await page.locator('#token').isDisabled(), true, 'a password manager could fill it');
  await page.getByText('Use a token').click();
  await page.getByLabel(`Token for ${other.host}`).waitFor();
  await page.getByText('Use a token').click();
  await enter('ada', SECRET);
  assert.deepEqual((await came()).protocols, ['wsecho.v1', `bearer.${SECRET}`]);
  await page.goto(local.http);
  assert.equal(await page.locator('#token').inputValue(), '');
  assert.doesNotMatch(await page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage })), /sesame/);
});

test('the policy keeps a page that asks from everybody else', async () => {
  await page.goto(link);
  await asks();
  assert.equal(await socket(`ws://${other.host}/dev`), 'refused');
  assert.equal(other.connections(), 0);
  assert.equal(await socket(local.url), 'open');
});

test('the policy of a page that was told to connect allows that server and no third one', async () => {
  await page.goto(link);
  await connect();
  const before = stranger.connections();
  assert.equal(await socket(`ws://${stranger.host}/dev`), 'refused');
  assert.equal(stranger.connections(), before);
  assert.equal(await socket(`ws://${other.host}/dev`), 'close');
  assert.equal((await came()).origin, local.http);
});

const ways = {
  'a form': async () => {
    const form = `<form action="${local.http}/"><input name="url" value="ws://${other.host}/dev"><button>Go</button></form>`;
    await page.goto(stranger.page(form));
    await page.getByText('Go').click();
    return page;
  },
  'a redirect': async () => {
    await page.goto(stranger.page('', { Location: link }));
    return page;
  },
  'a refreshing page': async () => {
    await page.goto(stranger.page(`<meta http-equiv="refresh" content="0; url=${link}">`));
    await page.waitForURL(link);
    return page;
  },
  'a window that is led there twice': async () => {
    await page.goto(stranger.page());
    const [opened] = await Promise.all([context.waitForEvent('page'), page.evaluate((link) => (globalThis.opened = open(link)) && null, link)]);
    await asks(opened);
    await Promise.all([opened.waitForNavigation(), page.evaluate((link) => { globalThis.opened.location.href = link; }, link)]);
    return opened;
  },
  'a reload after a link': async () => {
    await page.goto(stranger.page(`<a href="${link}">Go</a>`));
    await page.getByText('Go').click();
    await asks();
    await page.reload();
    return page;
  },
  'another port of the same host': async () => {
    const near = stranger.page(`<a href="${link}">Go</a>`).replace(STRANGER, '127.0.0.1');
    await page.goto(near);
    await page.getByText('Go').click();
    return page;
  },
  'a link after the person once said yes': async () => {
    await page.goto(link);
    await connect();
    await page.goto(stranger.page(`<a href="${link}">Go</a>`));
    await page.getByText('Go').click();
    return page;
  },
  'a link that pretends to be an answer': async () => {
    await page.goto(`${link}&confirmed=1&reach=ws://${other.host}#connect`);
    return page;
  },
};
for (const [name, way] of Object.entries(ways)) {
  test(`no way around the question: ${name}`, async () => asks(await way()));
}

test('no way around the question: a frame', async () => {
  await page.goto(stranger.page(`<iframe src="${link}"></iframe>`));
  assert.match(page.frames()[1].url(), /^chrome-error:/);
  assert.equal(other.connections(), 0);
});

for (const address of ['http://evil.test/', 'ws://ada:secret@evil.test/', 'javascript:alert(1)', 'evil.test', '']) {
  test(`an address that leads nowhere, "${address}", leaves the page with its own server`, async () => {
    await page.goto(linkTo(address));
    await page.getByLabel('Your name').waitFor();
    assert.equal(await page.locator('#server').textContent(), local.url);
    assert.match(await page.locator('#entry-problem').textContent(), /names no server/);
    await enter('ada');
    await page.locator('#state[data-state=open]').waitFor();
  });
}

test('over plain http from another machine, browsers do not say who led there, so the page stays', async () => {
  await page.goto(link.replace('127.0.0.1', DESK));
  await asks();
  assert.equal(await page.getByRole('button', { name: 'Connect', exact: true }).isDisabled(), true);
  await page.getByRole('alert').getByText('over https').waitFor();
  await page.getByRole('button', { name: 'Stay here' }).click();
  await enter('ada');
  await page.locator('#state[data-state=open]').waitFor();
});

test('a token is in no text, no address and no line of the console', async () => {
  const said = [];
  page.on('console', (line) => said.push(line.text()));
  page.on('pageerror', (error) => said.push(String(error)));
  await page.goto(local.http);
  await enter('ada', `${SECRET} with what no token has`);
  await page.getByRole('alert').getByText('characters').waitFor();
  said.push(await page.locator('body').innerText(), page.url(), await page.evaluate(() => JSON.stringify(history.state)));
  assert.doesNotMatch(said.join('\n'), /sesame/);
});
