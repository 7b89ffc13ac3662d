// Requests by each of the ways that code takes to API Gateway.
const https = require('node:https');

const get = (url, options) => new Promise((resolve, reject) => {
  https.get(url, options, (response) => {
    let text = '';
    response.on('data', (data) => { text += data; });
    response.on('end', () => resolve(text));
  }).on('error', reject);
});
const agent = new https.Agent({ keepAlive: true });

exports.handler = async ({ how, url }) => {
  switch (how) {
    case 'https': return get(url, {});
    case 'agent': return [await get(url, { agent }), await get(url, { agent })].join();
    case 'fetch': return (await fetch(url)).text();
    case 'module': return (await import('./fetch.mjs')).get(url);
    case 'tls': return new Promise((resolve, reject) => {
      const { hostname } = new URL(url);
      const socket = require('node:tls').connect(443, hostname, () => resolve(socket.authorized ? socket.getPeerCertificate().subject.CN : 'not authorized'));
      socket.on('error', reject);
    });
  }
};
exports.keepalive = (event, context, callback) => {
  get(event.url, { agent }).then((text) => callback(null, text), callback);
};
