import { request } from 'node:https';
import { connect } from 'node:tls';

export const get = (url) => new Promise((resolve, reject) => {
  request(url, { createConnection: (options) => connect(options) }, (response) => {
    response.setEncoding('utf8').on('data', resolve);
  }).on('error', reject).end();
});
