// The runtime of a Node function: it gets events from the Runtime API
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html) and gives them to the handler, as Lambda's own does
// (https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html). It needs no package.
import { syncBuiltinESMExports, createRequire } from 'node:module';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import util from 'node:util';
import { Duplex } from 'node:stream';
import { pathToFileURL } from 'node:url';

const env = process.env;
const setImmediate = globalThis.setImmediate; // Handlers under test replace these now and then.

// --- The Runtime API -------------------------------------------------------------------------------------------------

// RuntimeAPI speaks HTTP/1.1 over one connection. An answer and the question for the next event leave in one write, which
// halves what an event costs. While a handler runs, the connection doesn't keep the process alive.
class RuntimeAPI {
  #socket;
  #buffer = Buffer.alloc(0);
  #waiting = []; // What to do with the responses that are still to come, in their order.
  #out = '';

  constructor(address, connect = net.connect) {
    const [host, port] = address.split(':');
    this.host = address;
    this.#socket = connect({ host, port: Number(port) });
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (data) => this.#read(data));
    this.#socket.on('error', () => process.exit(1));
    this.#socket.on('close', () => process.exit(1));
  }

  ref() { this.#socket.ref(); }
  unref() { this.#socket.unref(); }

  // next asks for an event.
  next() { return this.#send('GET', 'invocation/next', '', ''); }

  // post sends what an event or the initialisation led to. It leaves with whatever else is sent now.
  post(path, body, errorType) {
    return this.#send('POST', path, body, errorType ? `Lambda-Runtime-Function-Error-Type: ${errorType}\r\n` : '');
  }

  #send(method, path, body, headers) {
    if (this.#out === '') queueMicrotask(() => this.#flush());
    const length = method === 'POST' ? `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` : '';
    this.#out += `${method} /2018-06-01/runtime/${path} HTTP/1.1\r\nHost: ${this.host}\r\n${length}${headers}\r\n${body}`;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #flush() {
    this.#socket.write(this.#out);
    this.#out = '';
  }

  // #read takes responses out of what has come. Each has a Content-Length: the other end is known.
  #read(data) {
    this.#buffer = this.#buffer.length ? Buffer.concat([this.#buffer, data]) : data;
    for (;;) {
      const end = this.#buffer.indexOf('\r\n\r\n');
      if (end < 0) return;
      const [status, ...lines] = this.#buffer.toString('latin1', 0, end).split('\r\n');
      const headers = Object.fromEntries(lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }));
      const after = end + 4 + Number(headers['content-length']);
      if (this.#buffer.length < after) return;
      const body = this.#buffer.toString('utf8', end + 4, after);
      this.#buffer = this.#buffer.subarray(after);
      this.#waiting.shift()({ status: Number(status.split(' ')[1]), headers, body });
    }
  }
}

// --- Errors ----------------------------------------------------------------------------------------------------------

class RuntimeError extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

// serialised is an error as Lambda's runtime reports it.
function serialised(error) {
  if (util.types.isNativeError(error) || error instanceof Error) {
    return { errorType: String(error.name), errorMessage: String(error.message), trace: String(error.stack).split('\n') };
  }
  const text = typeof error === 'object' && error !== null ? util.inspect(error) : String(error);
  return { errorType: typeof error, errorMessage: text, trace: [] };
}

// --- Output ----------------------------------------------------------------------------------------------------------

let requestId; // Of the event that is handled, or was last.

// patchConsole gives each line its time, its event and its level, as Lambda does.
function patchConsole() {
  const levels = { trace: 'TRACE', debug: 'DEBUG', log: 'INFO', info: 'INFO', warn: 'WARN', error: 'ERROR', fatal: 'FATAL' };
  for (const [method, level] of Object.entries(levels)) {
    console[method] = (...args) => logLine(level, util.format(...args));
  }
}

function logLine(level, text) {
  fs.writeSync(1, `${new Date().toISOString()}\t${requestId ?? 'undefined'}\t${level}\t${text}\n`);
}

function logError(what, error) {
  logLine('ERROR', `${what} Error\t${JSON.stringify({ ...serialised(error), trace: undefined, stack: serialised(error).trace })}`);
}

// --- The handler -----------------------------------------------------------------------------------------------------

// load finds the function that a handler such as src/app.handler or index.nested.handler names.
async function load(root, handler) {
  if (handler.includes('..')) throw new RuntimeError('Runtime.MalformedHandlerName', `'${handler}' is not a valid handler name`);
  const base = path.basename(handler);
  const dot = base.indexOf('.');
  if (dot <= 0) throw new RuntimeError('Runtime.MalformedHandlerName', `'${handler}' is not a valid handler name: it has the form file.function`);
  const file = path.join(path.dirname(handler), base.slice(0, dot));
  const module = await loadModule(root, file);
  const found = base.slice(dot + 1).split('.').reduce((at, name) => at?.[name], module);
  if (typeof found !== 'function') {
    throw new RuntimeError('Runtime.HandlerNotFound', `${handler} is ${found === undefined ? 'undefined or not exported' : 'not a function'}`);
  }
  return found;
}

async function loadModule(root, file) {
  const at = path.resolve(root, file);
  const require = createRequire(at + '.js');
  const modules = isModule(path.dirname(at));
  const kinds = [['', false], ['.js', modules], ['.mjs', true], ['.cjs', false]];
  const kind = kinds.find(([extension]) => fs.statSync(at + extension, { throwIfNoEntry: false })?.isFile());
  try {
    if (kind) return kind[1] ? await import(pathToFileURL(at + kind[0]).href) : require(at + kind[0]);
    return require(require.resolve(file, { paths: [root] })); // A folder, or a package.
  } catch (error) {
    throw explained(error, at, kind);
  }
}

// isModule tells whether the nearest package.json makes .js files ES modules.
function isModule(folder) {
  const file = path.join(folder, 'package.json');
  if (fs.existsSync(file)) {
    try {
      return JSON.parse(fs.readFileSync(file, 'utf8')).type === 'module';
    } catch {
      return false;
    }
  }
  const parent = path.dirname(folder);
  return parent !== folder && path.basename(folder) !== 'node_modules' && isModule(parent);
}

// explained names what Lambda names too, and says what a machine without Lambda's packages needs.
function explained(error, at, kind) {
  if (error instanceof SyntaxError) return Object.assign(error, { name: 'Runtime.UserCodeSyntaxError' });
  if (error?.code !== 'MODULE_NOT_FOUND' && error?.code !== 'ERR_MODULE_NOT_FOUND') return error;
  let message = kind ? error.message : `there is no file ${at}.js, .mjs or .cjs`;
  if (/@aws-sdk|@smithy/.test(message)) message += '\nLambda brings the SDK along, this machine does not: npm install it beside the function';
  return Object.assign(error, { name: 'Runtime.ImportModuleError', message, stack: `Runtime.ImportModuleError: ${message}` });
}

// --- One event after the other ---------------------------------------------------------------------------------------

// afterLoop is what happens when nothing keeps the process alive any more.
let afterLoop = () => {};
process.on('beforeExit', () => afterLoop());

// Runtime is the loop.
class Runtime {
  constructor(api, handler) {
    this.api = api;
    this.handler = handler;
  }

  async next() {
    this.api.ref();
    const { headers, body, status } = await this.api.next();
    if (status !== 200) throw new RuntimeError('Runtime.Next', `the Runtime API answered ${status}: ${body}`);
    this.api.unref();
    requestId = headers['lambda-runtime-aws-request-id'];
    env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
    this.settled = false;
    this.handle(headers, body, requestId);
  }

  handle(headers, body, id) {
    const context = this.context(headers, id);
    const callback = (error, result) => this.callback(context, id, error, result);
    // Without a promise and a callback, Lambda answers null when nothing is left to do.
    afterLoop = () => this.succeed(id, null);
    try {
      const result = this.handler(JSON.parse(body), context, callback);
      if (typeof result?.then !== 'function') return;
      afterLoop = () => this.fail(id, new RuntimeError('Runtime.NodeJsExit', 'The asynchronous function exited before its promise was settled'));
      result.then((value) => this.succeed(id, value), (error) => this.fail(id, error));
    } catch (error) {
      this.fail(id, error);
    }
  }

  // callback answers when the event loop is empty, unless the function said that it need not be.
  callback(context, id, error, result) {
    if (error !== undefined && error !== null) return this.fail(id, error);
    if (!context.callbackWaitsForEmptyEventLoop) return this.succeed(id, result);
    if (id === requestId && !this.settled) afterLoop = () => this.succeed(id, result);
  }

  succeed(id, value) {
    let text;
    try {
      text = JSON.stringify(value === undefined ? null : value) ?? 'null';
    } catch (error) {
      return this.fail(id, new RuntimeError('Runtime.MarshalError', `Unable to stringify response body: ${error.message}`));
    }
    this.settle(id, `invocation/${id}/response`, text);
  }

  fail(id, error) {
    if (id !== requestId || this.settled) return;
    logError('Invoke', error);
    const report = serialised(error);
    this.settle(id, `invocation/${id}/error`, JSON.stringify(report), report.errorType.replace(/[^\w.]/g, ''));
  }

  // settle takes the first outcome of an event, and asks for the next event.
  settle(id, path, body, errorType) {
    if (id !== requestId || this.settled) return;
    this.settled = true;
    afterLoop = () => {};
    this.api.post(path, body, errorType).then((answer) => {
      if (answer.status !== 202) logLine('ERROR', `the Runtime API answered ${answer.status}: ${answer.body}`);
    });
    this.next().catch(dieOf('Runtime'));
  }

  // crash reports an error that no handler can be asked about, and ends the process.
  crash(error, code) {
    logError('Invoke', error);
    const report = serialised(error);
    if (this.settled || requestId === undefined) process.exit(code);
    this.settled = true;
    this.api.ref();
    this.api.post(`invocation/${requestId}/error`, JSON.stringify(report), report.errorType.replace(/[^\w.]/g, '')).then(() => process.exit(code));
  }

  context(headers, id) {
    const deadline = Number(headers['lambda-runtime-deadline-ms']);
    return {
      callbackWaitsForEmptyEventLoop: true,
      functionName: env.AWS_LAMBDA_FUNCTION_NAME,
      functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
      memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
      logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
      logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
      invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
      awsRequestId: id,
      clientContext: undefined,
      identity: undefined,
      getRemainingTimeInMillis: () => deadline - Date.now(),
      succeed: (result) => this.succeed(id, result),
      fail: (error) => this.fail(id, error),
      done: (error, result) => (error === undefined || error === null ? this.succeed(id, result) : this.fail(id, error)),
    };
  }
}

const dieOf = (what) => (error) => {
  logError(what, error);
  process.exit(1);
};

// --- The proxy -------------------------------------------------------------------------------------------------------

const proxied = /\.execute-api\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/i;

// useProxy lets TLS connections to API Gateway's names go through a proxy. tls.connect is what https, http2, fetch and
// all SDKs come down to, and it is a property of one object, whichever module system or bundler the caller has used.
function useProxy(proxy) {
  const connect = tls.connect;
  tls.connect = function (...args) {
    const [options, callback] = normalised(args);
    if (options.socket || options.path || !proxied.test(options.host ?? '')) return connect.apply(this, args);
    const tunnel = new Tunnel(proxy, options.host, options.port || 443);
    const socket = connect.call(this, { servername: options.host, ...options, socket: tunnel }, callback);
    return tunnel.carry(socket);
  };
  syncBuiltinESMExports();
}

// normalised are the options and the callback of the several forms that tls.connect takes.
function normalised(args) {
  const callback = args.find((arg) => typeof arg === 'function');
  const options = Object.assign({}, ...args.filter((arg) => typeof arg === 'object' && arg !== null));
  if (typeof args[0] !== 'object') options.port ??= Number(args[0]);
  if (typeof args[1] === 'string') options.host ??= args[1];
  return [options, callback];
}

// Tunnel is a connection through a proxy by CONNECT (RFC 9110, section 9.3.6). What is written before the proxy has agreed
// waits until it has.
class Tunnel extends Duplex {
  #raw;
  #head = Buffer.alloc(0);
  #open = () => {};
  #opened;

  constructor(proxy, host, port) {
    super();
    this.#opened = new Promise((resolve) => { this.#open = resolve; });
    const user = Buffer.from(`${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`).toString('base64');
    const authorization = proxy.username ? `Proxy-Authorization: Basic ${user}\r\n` : '';
    this.#raw = net.connect({ host: proxy.hostname, port: Number(proxy.port) });
    this.#raw.setNoDelay(true);
    this.#raw.write(`CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n${authorization}\r\n`);
    this.#raw.on('data', this.#handshake);
    this.#raw.on('error', (error) => this.destroy(error));
    this.#raw.on('end', () => this.push(null));
    this.#raw.on('close', () => this.destroy());
  }

  #handshake = (data) => {
    this.#head = Buffer.concat([this.#head, data]);
    const end = this.#head.indexOf('\r\n\r\n');
    if (end < 0) return;
    const status = this.#head.toString('latin1', 0, this.#head.indexOf('\r\n'));
    if (!/^HTTP\/1\.[01] 2/.test(status)) {
      this.destroy(new Error(`the proxy refused the connection: ${status}`));
      return;
    }
    this.#raw.off('data', this.#handshake);
    this.#raw.on('data', (more) => { if (!this.push(more)) this.#raw.pause(); });
    if (this.#head.length > end + 4) this.push(this.#head.subarray(end + 4));
    this.#open();
  };

  _read() { this.#raw.resume(); }
  _write(data, encoding, done) { this.#opened.then(() => this.#raw.write(data, encoding, done)); }
  _final(done) { this.#opened.then(() => this.#raw.end(done)); }
  _destroy(error, done) {
    this.#raw.destroy();
    done(error);
  }

  // carry lets an idle socket of an agent hold the process no more than it would without a tunnel.
  carry(socket) {
    for (const method of ['ref', 'unref']) {
      const own = socket[method];
      socket[method] = (...args) => {
        this.#raw[method]();
        return own.apply(socket, args);
      };
    }
    return socket;
  }
}

// --- Start -----------------------------------------------------------------------------------------------------------

async function main() {
  const api = new RuntimeAPI(env.AWS_LAMBDA_RUNTIME_API);
  patchConsole();
  if (env.WSGATEWAY_PROXY) useProxy(new URL(env.WSGATEWAY_PROXY));
  globalThis.awslambda = {
    streamifyResponse() { throw new RuntimeError('Runtime.Unsupported', 'awslambda.streamifyResponse: response streaming is not supported here'); },
  };
  let handler;
  try {
    handler = await load(env.LAMBDA_TASK_ROOT, env._HANDLER);
  } catch (error) {
    logError('Init', error);
    const report = serialised(error);
    await api.post('init/error', JSON.stringify(report), report.errorType);
    process.exit(1);
  }
  const runtime = new Runtime(api, handler);
  process.on('uncaughtException', (error) => runtime.crash(error, 129));
  process.on('unhandledRejection', (reason) => {
    const error = new RuntimeError('Runtime.UnhandledPromiseRejection', String(reason));
    runtime.crash(Object.assign(error, { reason }), 128);
  });
  setImmediate(() => runtime.next().catch(dieOf('Runtime')));
}

main();
