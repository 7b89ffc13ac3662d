/** Somebody on the internet: a web server whose pages can be anything, and which keeps who came. */
import http from 'node:http';

/** The name that a browser of the tests has to know: launch([STRANGER]). */
export const STRANGER = 'evil.test';

export async function startStranger() {
  const pages = new Map(); // Path -> headers and markup.
  const handshakes = []; // What browsers sent that wanted a WebSocket.
  const server = http.createServer((request, response) => {
    const { markup = '', ...headers } = pages.get(request.url) ?? {};
    response.writeHead(headers.Location ? 302 : 200, { 'Content-Type': 'text/html', ...headers });
    response.end(`<!doctype html>${markup}`);
  });
  let connections = 0;
  const sockets = new Set();
  server.on('connection', (socket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => {}); // Close follows.
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('upgrade', ({ headers }, socket) => {
    handshakes.push({ origin: headers.origin, protocols: headers['sec-websocket-protocol']?.split(', ') ?? [] });
    socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `${STRANGER}:${server.address().port}`;
  return {
    host,
    handshakes,
    /** How many connections came, of any kind. */
    connections: () => connections,
    /** Puts markup on a page, or a redirect, and returns its address. */
    page: (markup = '', headers = {}) => {
      const path = `/${pages.size + 1}`;
      pages.set(path, { markup, ...headers });
      return `http://${host}${path}`;
    },
    stop: () => (server.close(), sockets.forEach((socket) => socket.destroy())),
  };
}
