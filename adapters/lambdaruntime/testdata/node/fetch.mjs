import { connect } from 'node:tls';

// get asks over a connection of its own, made by a name that was imported before anything is called.
export const get = (url) => new Promise((resolve, reject) => {
  const { hostname, pathname } = new URL(url);
  const socket = connect({ host: hostname, port: 443 }, () => socket.write(`GET ${pathname} HTTP/1.0\r\nHost: ${hostname}\r\n\r\n`));
  let text = '';
  socket.setEncoding('utf8').on('data', (data) => { text += data; }).on('error', reject);
  socket.on('end', () => resolve(text.split('\r\n\r\n')[1]));
});
