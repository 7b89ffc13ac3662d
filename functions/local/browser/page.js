/** What a person does with the page, for tests of it. */
import assert from 'node:assert/strict';
import { tool } from './local.js';

export const PATIENCE_MS = 15_000;
const { source: AXE } = tool('browser', 'axe-core');

/** Opens a tab of its own browser profile, or of a given one, and keeps in `faults` what its pages complain of. */
export async function newTab(browser, { faults = [], context, ...options } = {}) {
  context ??= await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC', ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('dialog', (dialog) => (faults.push(`a dialog: ${dialog.message()}`), dialog.dismiss()));
  page.on('console', (line) => line.type() === 'error' && !/ERR_|WebSocket connection/.test(line.text()) && faults.push(line.text()));
  return page;
}

export async function enter(page, name, address) {
  await page.goto(address);
  if (address.includes('?url=')) await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByLabel('Your name').fill(name);
  await page.keyboard.press('Enter');
  await connected(page);
}

export const connected = (page) => page.locator('#state[data-state=open]').waitFor();
export const log = (page) => page.locator('.log:not([hidden])');
export const talk = (page, name) => page.locator('#talks').getByRole('button', { name });

export async function say(page, text) {
  await page.getByLabel('Message to').fill(text);
  await page.keyboard.press('Enter');
}

export async function join(page, room) {
  await page.getByLabel('Join another room').fill(room);
  await page.keyboard.press('Enter');
  await page.locator('#title', { hasText: `#${room}` }).waitFor();
}

/** Waits until a function returns what is wanted. */
export async function until(read, wanted) {
  const is = async () => JSON.stringify(await read()) === JSON.stringify(wanted);
  for (const deadline = Date.now() + PATIENCE_MS; !(await is()) && Date.now() < deadline; ) await new Promise((go) => setTimeout(go, 50));
  assert.deepEqual(await read(), wanted);
}

/** Waits until a page shows exactly these messages, in order. */
export const shows = (page, texts) => until(() => log(page).locator('.message:not(.pending) .body').allTextContents(), texts);

/** What an audit of accessibility finds on a page: contrast, names, roles, order. */
export async function audit(page) {
  await page.evaluate(AXE);
  const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
  assert.ok(passes.length > 15, `only ${passes.length} rules had something to look at`);
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 150)).join(' ')}`);
}

/** Every way to look at a page: its width and its colours. */
export const LOOKS = [400, 1400].flatMap((width) => [
  { width, name: 'light', media: { colorScheme: 'light', forcedColors: 'none' } },
  { width, name: 'dark', media: { colorScheme: 'dark', forcedColors: 'none' } },
  { width, name: 'forced', media: { colorScheme: 'light', forcedColors: 'active' } },
]);

/** Audits a page in every look, and takes a picture of each. */
export async function inspect(page, picture) {
  for (const { width, name, media } of LOOKS) {
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia(media);
    await page.screenshot({ path: `${picture}-${width}-${name}.png` });
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${width} px: the page is wider than its window`);
    assert.deepEqual(await audit(page), [], `${picture}, ${width} px, ${name}`);
  }
}
