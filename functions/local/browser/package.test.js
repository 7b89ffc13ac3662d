/** The JavaScript client as a package, as teams install it. `make test-client-package` installs what this needs. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { launch } from './chromium.js';
import { inRepository, startLocal } from './local.js';

const run = promisify(execFile);
const client = inRepository('functions/local/web/client');
const tools = inRepository('.tools/client/node_modules');
const bin = (name) => join(tools, '.bin', name);
/** The client, minified in one file by the bundler of Vite, and then compressed. */
const MAX_GZIP = 7 * 1024;

let folder, packed, site, local;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wsecho-package-'));
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: client });
  packed = join(folder, stdout.trim());
  site = await startSite(join(folder, 'app', 'dist'));
  local = await startLocal(['-q', '-origins', site.origin]);
});

after(async () => {
  await local?.stop();
  site?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Serves the files of a folder, from an origin of its own. */
async function startSite(root) {
  const kinds = { '.html': 'text/html', '.js': 'text/javascript' };
  const server = createServer(({ url }, response) => {
    const name = new URL(url, 'http://site').pathname.replace(/\/$/, '/index.html');
    try {
      const content = readFileSync(join(root, name));
      response.writeHead(200, { 'Content-Type': kinds[extname(name)] ?? 'application/octet-stream' }).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { origin: `http://127.0.0.1:${server.address().port}`, stop: () => (server.closeAllConnections(), server.close()) };
}

/** A fresh project with the client installed from a file or a folder. */
async function project(name, from, files) {
  const root = join(folder, name);
  mkdirSync(root);
  const all = { 'package.json': '{"private": true, "type": "module"}', ...files };
  for (const [path, content] of Object.entries(all)) writeFileSync(join(root, path), content);
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', from], { cwd: root });
  return root;
}

const compiler = (more = {}) => JSON.stringify({
  compilerOptions: {
    strict: true, noEmit: true, target: 'es2022', module: 'esnext', moduleResolution: 'bundler', types: [], skipLibCheck: false,
    noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, lib: ['es2023', 'dom'], ...more,
  },
  include: ['*.ts'],
});

/** What runs a tool, and shows what it said when it fails. */
async function succeeds(command, args, options) {
  const { stdout } = await run(command, args, options).catch(({ stdout, stderr }) => assert.fail(`${command} ${args.join(' ')}:\n${stdout}${stderr}`));
  return stdout;
}

const page = (server) => `
import { WsEcho, WsEchoError, type Message } from 'wsecho-client';

interface Chat { text: string }

const client = new WsEcho<Chat>(${JSON.stringify(server)}, { user: 'ada' });
const told: string[] = [];
client.addEventListener('message', ({ detail }) => told.push(\`\${detail.seq} \${detail.data.text} \${detail.own}\`));
client.addEventListener('state', ({ detail }) => {
  if (detail.state === 'failed') document.title = detail.reason.code;
});
client.connect();
await client.join('r');
const { seq } = await client.say('r', { text: 'hello' });
const { messages } = await client.history('r');
const last: Message<Chat> | undefined = messages.at(-1);
const error: unknown = await client.tell({ user: 'nobody' }, { text: 'psst' }).catch((error: unknown) => error);
const code = error instanceof WsEchoError ? error.code : 'none';
document.body.textContent = JSON.stringify({ told, seq, last: last?.data.text, code });
`;

/** What the types allow, and what they do not. */
const CONSUMER = `
import { WsEcho, type Events, type Member, type State } from 'wsecho-client';

const client = new WsEcho<{ text: string }>('wss://example.com', { token: async () => 'a', timeoutMs: 1000 });
client.addEventListener('message', ({ detail }) => {
  const seq: number = detail.seq;
  const text: string = detail.data.text;
  // @ts-expect-error: a message has no votes
  detail.votes;
  return [seq, text];
});
client.addEventListener('state', ({ detail }) => {
  const state: State = detail.state;
  if (detail.state === 'failed') return detail.reason.code;
  // @ts-expect-error: only a failure has a reason
  return detail.reason.code + state;
});
client.addEventListener('presence', { handleEvent: ({ detail }: CustomEvent<Events['presence']>) => detail.members?.map(({ user }: Member) => user) });
// @ts-expect-error: there is no such event
client.addEventListener('massage', () => {});
// @ts-expect-error: data has a text
void client.say('r', { txt: 'hello' });
const { signal } = new AbortController();
void client.join('r', { signal }).then(({ members }) => members?.length);
void client.history('r', { before: 5, signal }).then((page) => page.messages[0]?.data.text);
void client.request('poll', { question: 1 }, { room: 'r', signal }).then((reply) => reply['votes']);
const plain = new WsEcho('wss://example.com');
plain.addEventListener('direct', ({ detail }) => {
  // @ts-expect-error: what others send is not known
  detail.data.text;
});
`;

const PROGRAM = `
import { WsEcho } from 'wsecho-client';
const client = new WsEcho(process.argv[2], { user: 'ada' });
client.addEventListener('state', ({ detail }) => {
  if (detail.state !== 'failed') return;
  console.log(detail.reason.code + ': ' + detail.reason.message);
  process.exit(0);
});
client.connect();
await client.join('runtime');
const { seq } = await client.say('runtime', 'hello');
console.log(seq > 0 ? 'said' : 'lost');
client.close();
`;

test('the types are what tsc makes of the sources, which pass its checks', async () => {
  await succeeds(bin('tsc'), ['-p', client, '--outDir', join(folder, 'types')]);
  const read = (from) => Object.fromEntries(readdirSync(from).map((name) => [name, readFileSync(join(from, name), 'utf8')]));
  assert.deepEqual(read(join(client, 'types')), read(join(folder, 'types')), 'run make client-types');
});

test('it is small', async (t) => {
  const { rolldown } = await import(pathToFileURL(createRequire(join(tools, 'vite', 'here.js')).resolve('rolldown')));
  const bundle = await rolldown({ input: join(client, 'wsecho.js') });
  const { output: [{ code }] } = await bundle.generate({ format: 'esm', minify: true });
  const { length } = gzipSync(code, { level: 9 });
  t.diagnostic(`the client has ${length} bytes, minified by Vite's bundler and compressed by gzip; ${code.length} before that`);
  assert.ok(length <= MAX_GZIP, `${length} bytes`);
});

test('the package has the client and nothing else', async () => {
  const { stdout } = await run('tar', ['-tzf', packed]);
  const names = stdout.trim().split('\n').map((name) => name.replace('package/', '')).sort();
  const sources = readdirSync(client).filter((name) => name.endsWith('.js'));
  const types = readdirSync(join(client, 'types')).map((name) => `types/${name}`);
  assert.deepEqual(names, ['README.md', 'package.json', ...sources, ...types].sort());
});

test('a fresh Vite project compiles, builds, and talks to the program in a browser', async () => {
  const root = await project('app', packed, {
    'tsconfig.json': compiler(), 'main.ts': page(local.url), 'index.html': '<!doctype html><title>app</title><script type="module" src="/main.ts"></script>',
  });
  await succeeds(bin('tsc'), ['-p', root]);
  await succeeds(bin('vite'), ['build', '--logLevel', 'warn'], { cwd: root });
  const browser = await launch();
  try {
    const tab = await browser.newPage();
    await tab.goto(site.origin);
    const text = await tab.waitForFunction(() => document.body.textContent.trim(), undefined, { timeout: 20_000 });
    assert.deepEqual(JSON.parse(await text.jsonValue()), { told: ['1 hello true'], seq: 1, last: 'hello', code: 'recipient_not_found' });
  } finally {
    await browser.close();
  }
});

test('installed from its folder its types keep programs from mistakes', async () => {
  const root = await project('consumer', client, { 'tsconfig.json': compiler(), 'consumer.ts': CONSUMER });
  await succeeds(bin('tsc'), ['-p', root]);
});

/** Runs the program in another runtime, where there is one. */
async function runtime(t, command, version, args = []) {
  if (spawnSync(command, ['--version']).error) return t.skip(`NOT TESTED: ${version} is not installed`);
  const root = await project(version.replaceAll(' ', '-'), packed, { 'program.mjs': PROGRAM });
  return (await succeeds(command, [...args, join(root, 'program.mjs'), local.url], { timeout: 30_000 })).trim();
}

test('it works in Node 22', async (t) => assert.equal(await runtime(t, bin('node'), 'Node 22'), 'said'));

for (const [name, command, args] of [['Bun', 'bun', []], ['Deno', 'deno', ['run', '--allow-net']]]) {
  test(`it works in ${name}`, async (t) => {
    const said = await runtime(t, command, name, args);
    if (said !== undefined) assert.equal(said, 'said');
  });
}

test('Node 20 says what it lacks', async (t) => {
  if (typeof WebSocket === 'function') return t.skip(`NOT TESTED: this is Node ${process.version}, which lacks nothing`);
  assert.match(await runtime(t, process.execPath, 'Node 20'), /^unsupported: .*WebSocket.*Node 22/);
});
