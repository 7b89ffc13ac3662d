/** What pages on the internet try with a program at a developer's desk, in a real browser. Part of `make test-browser`. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launch } from './chromium.js';
import { newIssuer } from './issuer.js';
import { startLocal } from './local.js';
import { STRANGER, startStranger } from './stranger.js';

const REBOUND = 'rebind.test';
const PATIENCE_MS = 15_000;

let browser, stranger, issuer;

before(async () => {
  browser = await launch([STRANGER, REBOUND]);
  stranger = await startStranger();
  issuer = newIssuer();
});

after(async () => {
  await browser?.close();
  stranger?.stop();
  issuer?.stop();
});

async function open(address, options = {}) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const response = await page.goto(address);
  return { page, status: response.status() };
}

/** Opens a socket in a page and tells whether that worked, and the code with which it ended if it did not. */
const socket = (page, url, protocols = []) => page.evaluate(([url, protocols]) => new Promise((resolve) => {
  const ws = new WebSocket(url, protocols);
  ws.onopen = () => resolve('opened');
  ws.onclose = ({ code }) => resolve(code);
}), [url, protocols]);

/** Somebody on the program's own page, who keeps what comes. */
async function startVictim(local, token) {
  const { page } = await open(local.http);
  const id = await page.evaluate(([url, protocols]) => new Promise((resolve, reject) => {
    const ws = new WebSocket(url, protocols);
    globalThis.heard = [];
    ws.onopen = () => {
      ws.send('{"action":"hello","id":"hello"}');
      ws.send('{"action":"join","room":"lobby","id":"join"}');
    };
    ws.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === 'welcome') globalThis.me = message.connectionId;
      else if (message.id === 'join') resolve(globalThis.me);
      else globalThis.heard.push(message);
    };
    ws.onclose = ({ code }) => reject(new Error(`closed with ${code}`));
  }), [local.url, token ? ['wsecho.v1', `bearer.${token}`] : ['wsecho.v1']]);
  /** Everything that came until a push of this test came. */
  const heard = async () => {
    const body = JSON.stringify({ v: 1, audience: 'everyone', message: 'mark' });
    for (let n = 0; n < 3; n++) {
      const { status } = await fetch(`${local.http}/push`, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } });
      assert.equal(status, 202);
    }
    await page.waitForFunction(() => globalThis.heard.filter(({ data }) => data === 'mark').length === 3);
    return page.evaluate(() => globalThis.heard.splice(0).filter(({ data }) => data !== 'mark'));
  };
  return { id, heard };
}

/** Holds that a request got one of these answers, and that nobody was told anything. */
async function refused(victim, status, ...statuses) {
  const heard = await victim.heard();
  assert.ok(statuses.includes(status), `answered with ${status}`);
  assert.deepEqual(heard, []);
}

/**
 * Posts from a page as a script can without asking first. Neither the page nor the browser's usual events tell the
 * status of the answer, for Cross-Origin-Resource-Policy keeps it from them, but the network's do.
 */
async function post(page, target, body) {
  const network = await page.context().newCDPSession(page);
  await network.send('Network.enable');
  const answered = new Promise((resolve) => network.once('Network.responseReceivedExtraInfo', resolve));
  await page.evaluate(([target, body]) => fetch(target, { method: 'POST', mode: 'no-cors', body }).catch(() => {}), [target, body]);
  const { statusCode } = await answered;
  await network.detach();
  return statusCode;
}

/** Sends a form of a stranger's page, in a browser without scripts. What it sends is text that happens to be JSON. */
async function postForm(target) {
  const [name, value] = ['{"v":1,"audience":"everyone","message":{"text":"a', 'b"}}'];
  const escape = (text) => text.replaceAll('"', '&quot;');
  const form = `<form method="post" enctype="text/plain" action="${target}"><input type="hidden" name="${escape(name)}"
    value="${escape(value)}"><button>Win a prize</button></form>`;
  const { page } = await open(stranger.page(form), { javaScriptEnabled: false });
  const [answered] = await Promise.all([page.waitForResponse((response) => response.url() === target), page.click('button')]);
  return answered.status();
}

const PUSH = JSON.stringify({ v: 1, audience: 'everyone', message: { text: 'from a stranger' } });

for (const mode of ['open', 'jwt']) {
  describe(`in mode ${mode}`, () => {
    let local, victim, foreign;

    before(async () => {
      local = await startLocal(['-q', ...(mode === 'jwt' ? issuer.flags : [])]);
      victim = await startVictim(local, mode === 'jwt' && issuer.token('ada', 600));
      foreign = (await open(stranger.page())).page;
    });

    after(() => local?.stop());

    test('a foreign page cannot connect', async () => {
      const protocols = mode === 'jwt' ? ['wsecho.v1', `bearer.${issuer.token('eve', 600)}`] : [];
      assert.equal(await socket(foreign, local.url, protocols), 1006);
      const { page } = await open(stranger.page('<iframe sandbox="allow-scripts" srcdoc="<p>no origin"></iframe>'));
      assert.equal(await socket(page.frames()[1], local.url, protocols), 1006, 'with the origin null');
    });

    test('a foreign page cannot push, by script', async () => {
      await refused(victim, await post(foreign, `${local.http}/push`, PUSH), 403, 415);
    });

    test('a foreign page cannot push, by a form', async () => {
      await refused(victim, await postForm(`${local.http}/push`), 403, 415);
    });

    test('a foreign page cannot post to a connection', async () => {
      const target = `${local.http}/dev/@connections/${encodeURIComponent(victim.id)}`;
      await refused(victim, await post(foreign, target, PUSH), 403);
      await refused(victim, await postForm(target), 403);
    });

    test('a name that was rebound to this machine is refused', async () => {
      const at = (address) => address.replace('127.0.0.1', REBOUND);
      const { page, status } = await open(at(local.http));
      assert.equal(status, 421);
      const answers = await page.evaluate(([push, id]) => Promise.all(['/push', `/dev/@connections/${encodeURIComponent(id)}`].map(async (path) => {
        const { status } = await fetch(path, { method: 'POST', body: push, headers: { 'Content-Type': 'application/json' } });
        return status;
      })), [PUSH, victim.id]);
      assert.deepEqual(answers, [421, 421]);
      assert.equal(await socket(page, at(local.url)), 1006);
      assert.deepEqual(await victim.heard(), []);
    });

    test("the program's own page works", async () => {
      const { page } = await open(local.http);
      if (mode === 'jwt') await page.getByLabel(/^Token for/).fill(issuer.token('bob', 600));
      else await page.getByLabel('Your name').fill('bob');
      await page.keyboard.press('Enter');
      await page.locator('#state[data-state=open]').waitFor();
      await page.getByLabel('Message to').fill('hello');
      await page.keyboard.press('Enter');
      await page.locator('.message:not(.pending) .body', { hasText: 'hello' }).waitFor();
      assert.deepEqual((await victim.heard()).map(({ type, messages }) => [type, messages?.map(({ data }) => data.text)]),
        [['joined', undefined], ['messages', ['hello']]]);
    });
  });
}
