// Connects with the ws package and prints how each connection was refused or closed.
// Arguments: the stage's URL and the folder of the installed packages.
import { createRequire } from "node:module";

const [url, packages] = process.argv.slice(2);
const WebSocket = createRequire(packages + "/")("ws");

const opened = (ws) => new Promise((yes, no) => { ws.once("open", () => yes(ws)); ws.once("error", no); });
const refused = (query) => new Promise((done) => {
  const ws = new WebSocket(url + query);
  ws.on("unexpected-response", (_, res) => { done(res.statusCode); ws.terminate(); });
  ws.on("open", () => done("open"));
  ws.on("error", () => {});
});
const closed = async (send, options) => {
  const ws = await opened(new WebSocket(url, options));
  return new Promise((done) => {
    ws.on("close", (code, reason) => done(`${code} ${reason}`.trim()));
    send(ws);
  });
};
const echoed = async (parts, options) => {
  const ws = await opened(new WebSocket(url, options));
  const got = new Promise((done) => ws.once("message", (data) => done(String(data) === parts.join(""))));
  parts.forEach((p, i) => ws.send(p, { fin: i === parts.length - 1 }));
  const result = await got;
  ws.close();
  return result;
};
const protocol = async (...offered) => {
  const ws = await opened(new WebSocket(url + "?protocol=b", offered));
  ws.close();
  return ws.protocol;
};

const plain = { perMessageDeflate: false }, deflate = { perMessageDeflate: { threshold: 0 } };
const fragments = (text, n) => (ws) => { for (let i = 0; i < n; i++) ws.send(text, { fin: i === n - 1 }); };
console.log(JSON.stringify({
  401: await refused("?status=401"),
  403: await refused("?status=403"),
  502: await refused("?status=throw"),
  stage: await refused("x"),
  binary: await closed((ws) => ws.send(Buffer.from([0]))),
  frame: await closed((ws) => ws.send("x".repeat(32769)), plain),
  inflated: await closed((ws) => ws.send("x".repeat(32769)), deflate),
  message: await closed(fragments("x".repeat(20000), 7), plain),
  deleted: await closed((ws) => ws.send("delete me")),
  echo: await echoed(["hello"], plain),
  compressed: await echoed(["hello ".repeat(100)], deflate) && await echoed(Array(5).fill("hello ".repeat(4000)), deflate),
  protocol: await protocol("a", "b"),
}));
