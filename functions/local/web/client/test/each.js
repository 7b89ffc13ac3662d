/**
 * What each test of a file has: a service in memory, virtual time, and clients that are closed when it ends. Node gives
 * each file a process of its own, so there is one test at a time.
 */
import { afterEach, beforeEach } from 'node:test';
import { Service, connected, endTime, settle, startTime } from './service.js';

/** The service of the test that runs. @type {Service} */
export let service;
/** The clients that are closed when it ends. */
export let clients;

/** Takes another service for what follows. */
export function serve(other = new Service()) {
  service = other;
}

/** Makes a client that is connected. */
export async function connect(options) {
  const client = await connected(service, options);
  clients.push(client);
  return client;
}

/** The code with which a promise rejects, or "done". */
export const codeOf = (promise) => promise.then(() => 'done', ({ code, name }) => (typeof code === 'string' ? code : name));

beforeEach(() => {
  startTime();
  serve();
  clients = [];
});

afterEach(async () => {
  clients.forEach((client) => client.close());
  await settle();
  endTime();
});
