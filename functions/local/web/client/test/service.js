/**
 * A small wsEcho in memory, and WebSockets that lead to it: what the client's tests talk to. It answers as the service
 * does; tests make it lose, hold back and refuse things.
 */
import { mock } from 'node:test';
import { WsEcho } from '../wsecho.js';

const LIFE_MS = 2 * 60 * 60_000;

/** Lets everything happen that needs no time. */
export async function settle() {
  for (let i = 0; i < 5; i++) await new Promise(setImmediate);
}

let elapsed = 0; // What no setting of the clock changes.

/** Begins virtual time: timers, the clock, and the time since the start, which the clock may differ from. */
export function startTime(apis = ['setTimeout', 'Date']) {
  mock.timers.enable({ apis, now: Date.parse('2026-01-01T00:00:00Z') });
  mock.method(performance, 'now', () => elapsed);
}

export function endTime() {
  mock.timers.reset();
  mock.restoreAll();
}

/** Moves virtual time, without letting anything happen between. */
export function tick(milliseconds) {
  elapsed += milliseconds;
  mock.timers.tick(milliseconds);
}

/** Lets virtual time pass. */
export async function pass(milliseconds, step = 50) {
  for (let left = milliseconds; left > 0; left -= step) {
    tick(Math.min(step, left));
    await settle();
  }
}

export class Service {
  /** Every attempt to connect: {at, protocols, url, socket}. */
  dials = [];
  sockets = new Set();
  /** Every message that came: {at, socket, message}. */
  received = [];
  /** Whether connections are refused. */
  down = false;
  /** The status of the refusal, which only some platforms tell; 0 for browsers. */
  status = 0;
  /** Takes a message before the service does; what it returns is the answer, undefined leaves it to the service, null
   * swallows it. */
  intercept = () => undefined;
  /** Tells for each push of a room's messages whether it reaches a socket. */
  delivers = () => true;
  /** How long what is said waits for more to go into the same frame; 0 pushes each message at once. */
  roundMs = 0;
  /** Whether it is of the release before, which pushed each message in a frame of its own. */
  old = false;
  lifeMs = LIFE_MS;
  /** How long anything takes to a client, beside its turn on a line of so many bytes a second. */
  latencyMs = 0;
  bytesPerSecond = Infinity;
  /** The bytes that it sent. */
  bytes = 0;

  #rooms = new Map();
  #keys = new Map();
  #ids = 0;

  /** The class to give to the client. */
  get WebSocket() {
    const service = this;
    return class extends Socket {
      constructor(url, protocols) {
        super();
        this.service = service;
        service.#dial(this, url, protocols);
      }
    };
  }

  room(name) {
    if (!this.#rooms.has(name)) this.#rooms.set(name, { epoch: '', log: [], first: 1, members: new Set() });
    return this.#rooms.get(name);
  }

  /** How often an action came. */
  count(action) {
    return this.received.filter(({ message }) => message.action === action).length;
  }

  /** Says something as somebody else, and pushes it to the members. */
  spoken(name, data, { from = { user: 'bob', connection: 'other' }, push = true } = {}) {
    const message = this.#store(name, data, from);
    if (push) this.push(name, message, from.connection);
    return message;
  }

  push(name, message, except) {
    this.pushFrame(name, [message], except);
  }

  /** Pushes messages to the members of a room, all but one. */
  pushFrame(name, messages, except) {
    const { epoch, members } = this.room(name);
    const frames = this.old ? messages.map((message) => ({ type: 'message', room: name, epoch, ...message }))
      : [{ type: 'messages', room: name, epoch, messages }];
    for (const socket of members) {
      if (socket.id !== except && this.delivers(messages, socket)) frames.forEach((frame) => socket.arrive(frame));
    }
  }

  /** Loses every connection. */
  cut() {
    [...this.sockets].forEach((socket) => socket.end());
  }

  #dial(socket, url, protocols) {
    this.dials.push({ at: Date.now(), url, protocols, socket });
    setImmediate(() => {
      if (socket.readyState === 3) return; // It was closed meanwhile.
      if (this.down) {
        if (this.status) socket.onerror?.({ message: `Unexpected server response: ${this.status}` });
        socket.end();
        return;
      }
      socket.id = `connection-${++this.#ids}`;
      socket.user = new URL(url).searchParams.get('user') ?? `anon-${socket.id}`;
      socket.begun = Date.now();
      this.sockets.add(socket);
      socket.gone = () => {
        this.sockets.delete(socket);
        this.#rooms.forEach(({ members }) => members.delete(socket));
      };
      socket.sent = (message) => this.#receive(socket, message);
      socket.readyState = 1;
      socket.onopen?.();
    });
  }

  #receive(socket, message) {
    this.received.push({ at: Date.now(), socket, message });
    let answer = this.intercept(message, socket);
    answer ??= answer === null ? null : this[message.action]?.(socket, message) ?? refuse('unknown_action', { action: message.action });
    if (answer !== null) socket.arrive({ ...answer, id: message.id });
  }

  // The actions.

  hello(socket) {
    return {
      type: 'welcome', connectionId: socket.id, user: socket.user, connectedAt: new Date(socket.begun).toISOString(),
      expiresAt: new Date(socket.begun + this.lifeMs).toISOString(), limits: { dataBytes: 32_768, rooms: 20, pageMessages: 100 },
    };
  }

  join(socket, { room: name, epoch, after }) {
    const room = this.room(name);
    room.members.add(socket);
    const resumes = epoch !== undefined && (epoch === room.epoch || (epoch === '' && after === 0)) && after + 1 >= room.first;
    const rest = room.log.filter(({ seq }) => seq >= room.first);
    const messages = resumes ? rest.filter(({ seq }) => seq > after).slice(0, 100) : rest.slice(-100);
    const more = resumes ? (messages.at(-1)?.seq ?? after) < room.log.length : rest.length > 100;
    return { type: 'ack', room: name, epoch: room.epoch, seq: room.log.length, members: this.#members(room), recovered: resumes, messages, more };
  }

  leave(socket, { room }) {
    this.room(room).members.delete(socket);
    return { type: 'ack', room };
  }

  say(socket, { room: name, data, key }) {
    const known = this.#keys.get(`${socket.user} ${key}`);
    if (known && JSON.stringify(known.data) !== JSON.stringify(data)) return refuse('conflict');
    const from = { user: socket.user, connection: socket.id };
    const message = known ?? this.#store(name, data, from);
    this.#keys.set(`${socket.user} ${key}`, message);
    if (this.roundMs > 0) this.#relay(name);
    else this.push(name, message, socket.id);
    return { type: 'ack', epoch: this.room(name).epoch, seq: message.seq, messageId: message.messageId, at: message.at };
  }

  /** Pushes what was said since the last round; nobody is left out but who said all of it. */
  #relay(name) {
    const room = this.room(name);
    room.round ??= setTimeout(() => {
      const frame = room.log.slice(room.relayed ?? 0);
      Object.assign(room, { round: undefined, relayed: room.log.length });
      const { connection } = frame[0]?.from ?? {};
      if (frame.length > 0) this.pushFrame(name, frame, frame.every(({ from }) => from.connection === connection) ? connection : undefined);
    }, this.roundMs);
  }

  echo(socket, { data }) {
    const connection = { connectionId: socket.id, connectedAt: new Date(socket.begun).toISOString(), stage: 'dev', requestId: 'r', user: socket.user };
    return { type: 'echo', data, connection };
  }

  broadcast() {
    return this.#sent();
  }

  tell(_, message) {
    return message?.to.user === 'nobody' ? refuse('recipient_not_found') : this.#sent();
  }

  #sent() {
    return { type: 'ack', messageId: `m${++this.#ids}`, sent: 1, gone: 0, failed: 0, queued: false };
  }

  who(_, { room }) {
    return { type: 'presence', room, members: this.#members(this.room(room)) };
  }

  history(_, { room: name, epoch, after, before, limit = 100 }) {
    const room = this.room(name);
    const rest = room.log.filter(({ seq }) => seq >= room.first);
    if ((epoch ?? room.epoch) !== room.epoch || (after !== undefined && after + 1 < room.first)) {
      return refuse('unrecoverable_position', { epoch: room.epoch, messages: rest.slice(-100), more: false });
    }
    const wanted = rest.filter(({ seq }) => (after === undefined ? seq < (before ?? Infinity) : seq > after));
    const messages = after === undefined ? wanted.slice(-limit) : wanted.slice(0, limit);
    return { type: 'history', epoch: room.epoch, messages, more: wanted.length > limit };
  }

  ping(socket, { rooms = [] }) {
    const outside = rooms.find((name) => !this.room(name).members.has(socket));
    if (outside) return refuse('not_a_member', { room: outside });
    return { type: 'pong', rooms: Object.fromEntries(rooms.map((name) => [name, { epoch: this.room(name).epoch, seq: this.room(name).log.length }])) };
  }

  #members({ members }) {
    const counts = new Map();
    members.forEach(({ user }) => counts.set(user, (counts.get(user) ?? 0) + 1));
    return [...counts].map(([user, connections]) => ({ user, connections }));
  }

  #store(name, data, from) {
    const room = this.room(name);
    room.epoch ||= 'epoch-1';
    const message = { seq: room.log.length + 1, messageId: `m${++this.#ids}`, from, data, at: new Date().toISOString() };
    room.log.push(message);
    return message;
  }
}

/** An error frame. */
export function refuse(code, details) {
  return { type: 'error', code, message: code, retryable: ['rate_limited', 'unavailable'].includes(code), details, connectionId: 'c', requestId: 'r' };
}

class Socket {
  readyState = 0;
  gone = () => {};
  sent = () => {};

  send(text) {
    if (this.readyState !== 1) throw new Error('not open');
    const message = JSON.parse(text);
    setImmediate(() => this.readyState === 1 && this.sent(message));
  }

  close() {
    this.end();
  }

  /** A message comes to the client. */
  arrive(message) {
    const { service } = this;
    const text = JSON.stringify(message);
    const come = () => setImmediate(() => this.readyState === 1 && this.onmessage?.({ data: text }));
    service.bytes += text.length;
    this.free = Math.max(this.free ?? 0, performance.now()) + (1000 * text.length) / service.bytesPerSecond;
    const takes = this.free - performance.now() + service.latencyMs;
    if (takes > 0) setTimeout(come, takes);
    else come();
  }

  end() {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.gone();
    setImmediate(() => this.onclose?.({}));
  }
}

/** A connected client that keeps what it was told. */
export async function connected(service, options = {}) {
  const client = new WsEcho('ws://localhost/dev', { user: 'ada', WebSocket: service.WebSocket, reachable: async () => false, ...options });
  client.told = { state: [], page: [], message: [], presence: [], direct: [], push: [], throttled: [], unknown: [], error: [] };
  for (const type of Object.keys(client.told)) client.addEventListener(type, ({ detail }) => client.told[type].push(detail));
  client.connect();
  await settle();
  return client;
}
