/** The client module plays the table of scenarios that the Go client is held to as well. Part of `make test-protocol`. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { WsEcho } from '../web/client/wsecho.js';
import { inRepository, tool } from './local.js';

const { WebSocket } = tool('protocol', 'ws');
const scenarios = JSON.parse(readFileSync(inRepository('adapters/client/clienttest/scenarios.json'), 'utf8'));
const PATIENCE_MS = 20_000;

let address, program;
const folder = mkdtempSync(join(tmpdir(), 'wsecho-'));

before(async () => {
  const binary = join(folder, 'serve');
  execFileSync('go', ['build', '-o', binary, './adapters/client/testdata/serve'], { cwd: inRepository(), stdio: 'inherit' });
  program = spawn(binary, { stdio: ['pipe', 'pipe', 'inherit'] });
  address = await new Promise((resolve) => createInterface(program.stdout).once('line', resolve));
});

after(async () => {
  const ended = new Promise((resolve) => program.on('exit', resolve));
  program.stdin.end();
  await ended;
  rmSync(folder, { recursive: true, force: true });
});

const verdict = async (n) => (await fetch(`http://${address}/${n}`)).json();

/** A client that keeps what its user sees, as the table has it. */
function watch(client) {
  const seen = [];
  const known = new Set();
  let cut = false;
  const see = (epoch, { seq, data, from }, own) => {
    if (known.has(`${epoch} ${seq}`)) return;
    known.add(`${epoch} ${seq}`);
    seen.push({ epoch, seq, data, ...((own ?? from.user === client.user) && { own: true }), ...(cut && { cut: true }) });
    cut = false;
  };
  client.addEventListener('page', ({ detail }) => {
    cut ||= detail.cut;
    detail.messages.forEach((message) => see(detail.epoch, message));
  });
  client.addEventListener('message', ({ detail }) => see(detail.epoch, detail, detail.own));
  return seen;
}

async function until(what, holds) {
  for (const deadline = Date.now() + PATIENCE_MS; !(await holds()); await pause(10)) {
    assert.ok(Date.now() < deadline, `${what} in vain`);
  }
}

async function act(client, seen, deed, n) {
  if (deed.do === 'await') {
    await until(`waited for ${deed.count} messages, saw ${JSON.stringify(seen)}`, () => seen.length >= deed.count);
    if (deed.service) await until('waited for the service', async () => (await verdict(n)).done >= deed.service);
    return;
  }
  const action = deed.do === 'join' ? client.join(deed.room) : client.say(deed.room, deed.data);
  const [result, error] = await action.then((result) => [result], (error) => [undefined, error]);
  assert.equal(error?.code, deed.fails, `${deed.do} ended with ${error}`);
  if (deed.seq) assert.equal(result.seq, deed.seq);
}

async function play(scenario, n) {
  const options = { WebSocket, timeoutMs: 300, pingMs: 500, ...(scenario.user && { user: scenario.user }) };
  const client = new WsEcho(`ws://${address}/${n}`, options);
  const seen = watch(client);
  client.connect();
  try {
    for (const deed of scenario.client) await act(client, seen, deed, n);
    await client.echo(null); // What was pushed has come.
  } finally {
    client.close();
  }
  const want = scenario.sees.map((message, i) => ({ epoch: seen[i]?.epoch, ...message }));
  assert.deepEqual(seen, want);
  const { waits, wrong } = await verdict(n);
  assert.deepEqual({ waits, wrong }, { waits: null, wrong: [] });
}

describe('scenarios', { concurrency: true }, () => {
  scenarios.forEach((scenario, n) => test(scenario.name, () => play(scenario, n)));
});
