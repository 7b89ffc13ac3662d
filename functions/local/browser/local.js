/** Starts the local program for a test, and a network between it and a browser that can be cut. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A package that make installed into a folder of .tools. */
export const tool = (folder, name) => createRequire(join(root, '.tools', folder, 'here.js'))(name);

/** A path in the repository. */
export const inRepository = (...path) => join(root, ...path);

/**
 * Builds the local program and starts it on a free port, with further arguments.
 * @returns {Promise<{url: string, http: string, stop: () => Promise<void>}>}
 */
export async function startLocal(args = []) {
  const folder = mkdtempSync(join(tmpdir(), 'wsecho-'));
  const binary = join(folder, 'local');
  execFileSync('go', ['build', '-o', binary, './functions/local'], { cwd: root, stdio: 'inherit' });
  const program = spawn(binary, ['-addr', '127.0.0.1:0', ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise((resolve) => program.on('exit', resolve));
  const kill = () => program.kill('SIGKILL');
  process.on('exit', kill); // However the test ends.
  const url = await new Promise((resolve, reject) => {
    createInterface(program.stdout).on('line', (line) => line.startsWith('listening on ') && resolve(line.split(' ')[2]));
    ended.then((code) => reject(new Error(`the local program ended with ${code}`)));
  });
  return {
    url,
    http: `http://${new URL(url).host}`,
    stop: async () => {
      program.kill('SIGTERM');
      await ended;
      process.off('exit', kill);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * A network to a host and port on this machine.
 * @returns {Promise<{port: number, cut: () => void, mend: (to?: URL) => void, stop: () => Promise<void>}>} cut ends what is
 *   connected and refuses what comes, until mend, which may lead to another server from then on
 */
export async function startNetwork(target) {
  const sockets = new Set();
  let broken = false;
  const server = net.createServer((near) => {
    if (broken) {
      near.destroy();
      return;
    }
    const far = net.connect(Number(target.port), target.hostname);
    for (const [one, other] of [[near, far], [far, near]]) {
      sockets.add(one);
      one.on('error', () => {}); // Close follows.
      one.on('close', () => (sockets.delete(one), other.destroy()));
      one.pipe(other);
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const drop = () => sockets.forEach((socket) => socket.destroy());
  return {
    port: server.address().port,
    cut: () => ((broken = true), drop()),
    mend: (to = target) => ([target, broken] = [to, false]),
    stop: () => (drop(), new Promise((resolve) => server.close(resolve))),
  };
}
