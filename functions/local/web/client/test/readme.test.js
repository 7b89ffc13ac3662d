/** Every snippet of README.md runs, one after the other in one program. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Service } from './service.js';

test('the snippets of README.md run', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const snippets = [...readme.matchAll(/^```js\n(.*?)^```/gms)].map(([, code]) => code);
  assert.equal(snippets.length, 6);
  const folder = mkdtempSync(join(tmpdir(), 'wsecho-readme-'));
  const service = new Service();
  const shown = [];
  const before = globalThis.WebSocket;
  Object.assign(globalThis, { show: (...what) => shown.push(what), WebSocket: service.WebSocket });
  try {
    const program = join(folder, 'snippets.mjs');
    const code = `${snippets.join('\n')}\nclient.close();\nexport { older, people, reply, signedIn };\n`;
    writeFileSync(program, code.replaceAll("'wsecho-client'", `'${new URL('../wsecho.js', import.meta.url)}'`));
    const { people, reply } = await import(pathToFileURL(program));
    assert.deepEqual([people, reply.data], [[{ user: 'ada', connections: 1 }], 1]);
    assert.ok(shown.some(([what, room, seq]) => what === 'the next one' && room === 'lobby' && seq === 1), JSON.stringify(shown));
    assert.deepEqual([service.count('tell'), service.count('broadcast'), service.count('leave')], [2, 1, 1]);
  } finally {
    globalThis.WebSocket = before;
    delete globalThis.show;
    rmSync(folder, { recursive: true });
  }
});
