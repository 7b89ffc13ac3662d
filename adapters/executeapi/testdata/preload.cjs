// Leads connections to execute-api names through the proxy WSGATEWAY_PROXY, as Node's clients know no proxies.
const http = require("node:http"), https = require("node:https"), tls = require("node:tls");

const proxy = new URL(process.env.WSGATEWAY_PROXY), direct = https.Agent.prototype.createConnection;
const credentials = "Basic " + Buffer.from(`${proxy.username}:${proxy.password}`).toString("base64");
https.Agent.prototype.createConnection = function (options, done) {
  if (!/\.execute-api\./.test(options.host)) return direct.call(this, options, done);
  const request = http.request({
    host: proxy.hostname, port: proxy.port, method: "CONNECT", path: `${options.host}:${options.port}`,
    headers: { "Proxy-Authorization": credentials }, agent: false,
  });
  request.once("connect", (answer, socket) => done(null, tls.connect({ ...options, socket, servername: options.host })));
  request.once("error", done);
  request.end();
};
