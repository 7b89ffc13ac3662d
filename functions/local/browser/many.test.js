/** Thousands of messages that come while somebody looks on. Part of `make test-browser`. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { launch } from './chromium.js';
import { startLocal, tool } from './local.js';
import { enter, join, log, newTab, say, until } from './page.js';

const { WebSocket } = tool('protocol', 'ws');
const WRITERS = 8;
/** The log keeps this many messages in sight, and lets so many more come before it is trimmed. */
const [KEEP, SLACK] = [500, 100];

let local, browser, page, cdp;
const faults = [];

before(async () => {
  local = await startLocal(['-q', '-messages-per-minute', '0', '-connections-per-user', '0']);
  browser = await launch();
  page = await newTab(browser, { faults, viewport: { width: 1400, height: 900 } });
  cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable');
  await enter(page, 'reader', local.http);
});

after(async () => {
  await browser?.close();
  await local?.stop();
});

/** Says so many messages in a room, on several connections, and returns when the service has them all. */
async function write(room, count) {
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => new Promise((resolve, reject) => {
    const socket = new WebSocket(`${local.url}?user=writer-${writer}`, ['wsecho.v1']);
    const send = (message) => socket.send(JSON.stringify(message));
    let next = writer;
    const say = () => {
      if (next < count) send({ action: 'say', room, id: 'say', key: randomUUID(), data: { text: `Line ${next}` } });
      else socket.close();
      next += WRITERS;
    };
    socket.onopen = () => send({ action: 'join', room, id: 'join' });
    socket.onmessage = ({ data }) => {
      const { id, type } = JSON.parse(data);
      if (type === 'error') reject(new Error(data));
      else if (id) say();
    };
    socket.onclose = resolve;
    socket.onerror = reject;
  })));
}

const spent = async () => {
  const { metrics } = await cdp.send('Performance.getMetrics');
  const { TaskDuration, LayoutDuration } = Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  return { task: TaskDuration, layout: LayoutDuration };
};

/** How long it takes until so many messages have come and are drawn, in seconds, and what the page spent on them. */
async function live(room, count) {
  await join(page, room);
  const [began, before] = [performance.now(), await spent()];
  const drawn = page.waitForFunction((last) => [...document.querySelectorAll('.log:not([hidden]) .message')].at(-1)?.message.seq === last, count, { timeout: 120_000 });
  await write(room, count);
  await drawn;
  const after = await spent();
  return { seconds: (performance.now() - began) / 1000, task: after.task - before.task, layout: after.layout - before.layout };
}

test('5,000 live messages take at most six times as long as 1,000', { timeout: 400_000 }, async (t) => {
  await live('warm', 1000);
  let ratio = Infinity;
  // Others use the machine too: what they take from one measurement is no fault of the page.
  for (let attempt = 1; ratio > 6 && attempt <= 3; attempt++) {
    const [few, many] = [await live(`few-${attempt}`, 1000), await live(`many-${attempt}`, 5000)];
    ratio = many.seconds / few.seconds;
    for (const [count, { seconds, task, layout }] of [[1000, few], [5000, many]]) {
      t.diagnostic(`${count} messages: ${seconds.toFixed(2)} s, of which the page worked ${task.toFixed(2)} s, layout ${layout.toFixed(2)} s`);
    }
    t.diagnostic(`ratio ${ratio.toFixed(2)}`);
  }
  assert.ok(ratio <= 6, `${ratio} times as long`);
  assert.ok((await log(page).locator('.message').count()) <= KEEP + SLACK);
});

/** The numbers of the messages in sight's log, in the order in which they are shown. */
const numbers = () => log(page).locator('.message').evaluateAll((all) => all.map(({ message }) => message.seq));

const range = (from, to) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

async function scrollTo(seq) {
  await page.mouse.move(900, 500);
  for (const deadline = Date.now() + 60_000; (await numbers())[0] > seq && Date.now() < deadline; ) {
    await page.mouse.wheel(0, -20_000);
    await page.waitForTimeout(20);
  }
}

test('what left the log is loaded again by scrolling up, each message once', { timeout: 120_000 }, async () => {
  await live('back', 900);
  assert.ok((await numbers())[0] > 1, 'nothing was trimmed');
  await scrollTo(1);
  await until(numbers, range(1, 900));
  assert.equal(await log(page).locator('[data-day]').count(), 1, 'a mark a day');
});

test('who reads further up is not moved, and finds everything when they return', { timeout: 120_000 }, async () => {
  await live('reading', 900);
  await scrollTo(1);
  const place = () => log(page).evaluate(({ scrollTop }) => scrollTop);
  const before = await place();
  await Promise.all([write('reading', 2000), page.getByRole('button', { name: 'New messages below' }).waitFor()]);
  await page.locator('#talks [aria-current] .unread', { hasText: '2000' }).waitFor();
  assert.equal(await place(), before);
  await page.getByRole('button', { name: 'New messages below' }).click();
  await until(async () => (await numbers()).at(-1), 2900);
  await scrollTo(2000);
  const shown = await numbers();
  assert.deepEqual(shown, range(shown[0], 2900));
});

test('what could not be sent stays, however much comes', async () => {
  await join(page, 'pending');
  await page.locator('#text').evaluate((text) => text.removeAttribute('maxlength'));
  await say(page, 'x'.repeat(40_000));
  await log(page).locator('.failed').waitFor();
  await write('pending', 900);
  await until(async () => (await numbers()).filter((seq) => seq).at(-1), 900);
  assert.equal(await log(page).locator('.failed').count(), 1);
  assert.deepEqual(faults, []);
});
