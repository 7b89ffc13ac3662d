/** The page as a chat: conversations, links, drafts, notices, direct messages. Part of `make test-browser`. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, beforeEach, test } from 'node:test';
import { launch } from './chromium.js';
import { inRepository, startLocal } from './local.js';
import { connected, enter, inspect, join, log, newTab, say, shows, talk, until } from './page.js';

const pictures = inRepository('.tools', 'browser');

let local, browser, ada;
const faults = [];

before(async () => {
  mkdirSync(pictures, { recursive: true });
  local = await startLocal(['-q', '-messages-per-minute', '0']);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await local?.stop();
});

beforeEach(async () => {
  await ada?.context().close();
  ada = await tab({ permissions: ['clipboard-read', 'clipboard-write'] });
  await enter(ada, 'ada', local.http);
});

const tab = (options = {}) => newTab(browser, { faults, viewport: { width: 1400, height: 900 }, ...options });

async function push(audience, message) {
  const body = JSON.stringify({ v: 1, audience, message });
  assert.equal((await fetch(`${local.http}/push`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })).status, 202);
}

test('a draft stays with its conversation, and survives a reload', async () => {
  await join(ada, 'second');
  await ada.locator('#text').fill('not yet');
  await talk(ada, '#lobby').click();
  assert.equal(await ada.locator('#text').inputValue(), '');
  await ada.locator('#text').fill('nor this');
  await ada.reload();
  await connected(ada);
  assert.equal(await ada.locator('#text').inputValue(), 'nor this');
  await talk(ada, /#second.*Draft/).click();
  assert.equal(await ada.locator('#text').inputValue(), 'not yet');
});

test('links lead away safely, and only to http and https', async () => {
  await say(ada, 'See (https://example.com/a?b=c), javascript:alert(1) https://bank.example@evil.test/ http://x.test/.');
  await log(ada).locator('.message:not(.pending) .body').last().waitFor();
  const links = await log(ada).locator('.message:not(.pending) a').evaluateAll((all) => all.map(({ href, rel, target, textContent }) => ({ href, rel, target, textContent })));
  const safe = { rel: 'noopener noreferrer', target: '_blank' };
  assert.deepEqual(links.slice(-2), [
    { href: 'https://example.com/a?b=c', textContent: 'https://example.com/a?b=c', ...safe },
    { href: 'http://x.test/', textContent: 'http://x.test/', ...safe },
  ]);
});

test('every text has the direction of its own script', async () => {
  await say(ada, 'שלום');
  const body = log(ada).locator('.message:not(.pending) .body', { hasText: 'שלום' });
  await body.waitFor();
  assert.equal(await body.evaluate((shown) => getComputedStyle(shown).direction), 'rtl');
  assert.equal(await ada.locator('#text').getAttribute('dir'), 'auto');
});

test('a divider shows where the new messages begin', async () => {
  const bob = await tab();
  await enter(bob, 'bob', local.http);
  await join(ada, 'elsewhere');
  await say(bob, 'seen by nobody');
  await say(bob, 'nor this');
  await talk(ada, /#lobby.*2 unread/).click();
  const around = () => log(ada).locator('.mark.new').evaluateAll((all) => all.map((mark) => [mark.textContent, mark.nextSibling.querySelector('.body').textContent]));
  await until(around, [['New messages', 'seen by nobody']]);
  await say(ada, 'an answer');
  await until(around, []);
  await bob.context().close();
});

test('a link leads into a room', async () => {
  await join(ada, 'garden');
  await ada.getByRole('button', { name: 'Copy link' }).click();
  await ada.getByRole('button', { name: 'Copied' }).waitFor();
  const link = await ada.evaluate(() => navigator.clipboard.readText());
  assert.equal(link, `${local.http}/?room=garden`);
  const bob = await tab();
  await enter(bob, 'bob', link);
  assert.equal(await bob.locator('#title').textContent(), '#garden');
  await bob.goto(`${local.http}/?room=orchard`); // One who is there already joins that room, too.
  await bob.locator('#title', { hasText: '#orchard' }).waitFor();
  await talk(bob, '#garden').waitFor();
  await bob.goto(`${local.http}/?room=no+room`);
  await connected(bob);
  assert.equal(await talk(bob, 'no room').count(), 0);
  await bob.context().close();
});

test('"You" is who spoke here, and nobody else of that name', async () => {
  const heads = () => log(ada).locator('.message:not(.pending) .head b').allTextContents();
  const twin = await tab();
  await join(ada, 'names');
  await enter(twin, 'ada', `${local.http}/?room=names`);
  await say(ada, 'it is me');
  await until(heads, ['You']);
  await say(twin, 'me too');
  await until(heads, ['You', 'ada']);
  await ada.reload();
  await connected(ada);
  await until(heads, ['You', 'ada']);
  await twin.context().close();
});

test('a push looks like one, and shows where it belongs', async () => {
  await join(ada, 'news');
  await push('room:news', { text: 'in the room' });
  await push('room:elsewhere', { text: 'in another room' });
  await push('user:ada', { text: 'to a user' });
  await push('everyone', { text: 'to everybody' });
  await log(ada).locator('.push', { hasText: 'in the room' }).waitFor();
  await talk(ada, /Notices.*2 unread/).waitFor();
  await shows(ada, ['in the room']);
  assert.equal(await log(ada).locator('.push .head b').textContent(), 'Another service to #news');
  await talk(ada, /Notices/).click();
  await until(async () => (await log(ada).locator('.push').evaluateAll((all) => all.map((shown) => [shown.querySelector('b').textContent, shown.querySelector('.body').textContent]))).sort(),
    [['Another service to everybody', 'to everybody'], ['Another service to you', 'to a user']]);
  assert.equal(await ada.locator('#text').isDisabled(), true, 'nobody would get an answer');
  await inspect(ada, `${pictures}/notices`);
});

test('a broadcast of somebody is no message of the room in sight', async () => {
  const said = ada.evaluate(async (url) => {
    const { WsEcho } = await import('/client/wsecho.js');
    const crier = new WsEcho(url, { user: 'crier' });
    crier.connect();
    await crier.broadcast({ text: 'hear ye' });
    crier.close();
  }, local.url);
  await talk(ada, /Notices.*1 unread/).waitFor();
  await said;
  assert.equal(await log(ada).getByText('hear ye').count(), 0);
});

test('direct messages survive a reload, show in the other tabs of this browser, and end with signing out', async () => {
  const bob = await tab();
  await enter(bob, 'bob', local.http);
  const other = await tab({ context: ada.context() });
  await enter(other, 'ada', local.http);
  await ada.getByRole('button', { name: 'Message bob directly' }).click();
  await ada.getByText('The service keeps none of its messages').waitFor();
  await say(ada, 'Are you there?');
  await log(ada).getByText('Delivered to 1 connection').waitFor();
  await talk(other, /@bob/).click();
  await shows(other, ['Are you there?']);
  await talk(bob, /@ada/).click();
  await say(bob, 'I am.');
  for (const page of [ada, other]) {
    await shows(page, ['Are you there?', 'I am.']);
    await page.reload();
    await connected(page);
    await talk(page, /@bob/).click();
    await shows(page, ['Are you there?', 'I am.']);
  }
  assert.deepEqual(await log(ada).locator('.message .head b').allTextContents(), ['You', 'bob']);
  await inspect(ada, `${pictures}/direct`);
  await ada.locator('#subtitle', { hasText: 'Kept in this browser only' }).waitFor();
  await ada.getByRole('button', { name: 'Close @bob' }).click();
  await ada.getByRole('button', { name: 'Leave #lobby' }).click(); // The last one: this is the door, but nobody signed out.
  await enter(ada, 'ada', local.http);
  await talk(ada, /@bob/).click();
  await shows(ada, ['Are you there?', 'I am.']);
  const kept = () => ada.evaluate(() => Object.keys(localStorage).length);
  assert.equal(await kept(), 2);
  await ada.getByRole('button', { name: 'Sign out' }).click();
  assert.equal(await kept(), 0);
  await other.close();
  await enter(ada, 'ada', local.http);
  assert.equal(await talk(ada, /@bob/).count(), 0);
  await bob.context().close();
});

test('what another person of this browser was told stays theirs', async () => {
  const bob = await tab({ context: ada.context() });
  await enter(bob, 'bob', local.http);
  await ada.getByRole('button', { name: 'Message bob directly' }).click();
  await say(ada, 'for bob');
  await log(ada).getByText('Delivered to 1 connection').waitFor();
  const eve = await tab({ context: ada.context() });
  await enter(eve, 'eve', local.http);
  assert.equal(await talk(eve, /@/).count(), 0);
});

test('sizes follow the size of text that the person has chosen', async () => {
  const height = () => ada.locator('#text').evaluate((text) => text.getBoundingClientRect().height);
  const before = await height();
  await ada.evaluate(() => { document.documentElement.style.fontSize = '32px'; });
  assert.ok(await height() > 1.8 * before);
  assert.deepEqual(faults, []);
});
