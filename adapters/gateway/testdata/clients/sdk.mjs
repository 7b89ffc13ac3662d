// Calls /@connections with the JavaScript SDK and prints what it makes of the answers.
// Arguments: the stage's URL, an open connection's id, a closed one's, the URL of a stage that throttles, the folder of
// the installed packages.
import { createRequire } from "node:module";

const [stage, opened, closed, throttled, packages] = process.argv.slice(2);
const sdk = createRequire(packages + "/")("@aws-sdk/client-apigatewaymanagementapi");

const client = (endpoint) => new sdk.ApiGatewayManagementApiClient({
  endpoint, region: "us-east-1", maxAttempts: 1,
  credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
});

const typed = ["GoneException", "LimitExceededException", "PayloadTooLargeException"];
const kind = async (api, Command, ConnectionId, Data) => {
  try {
    await api.send(new Command({ ConnectionId, Data }));
    return "none";
  } catch (e) {
    if (typed.includes(e.name) && !(e instanceof sdk[e.name])) return "not an instance of " + e.name;
    return e.name;
  }
};

const { PostToConnectionCommand: Post, GetConnectionCommand: Get, DeleteConnectionCommand: Delete } = sdk;
const api = client(stage), slow = client(throttled), slowID = "L0SM9cOFvHcCIhw=";
const found = await api.send(new Get({ ConnectionId: opened }));
await kind(slow, Post, slowID, "x");
console.log(JSON.stringify({
  post: await kind(api, Post, opened, "hello"),
  connectedAt: found.ConnectedAt.getTime(),
  lastActiveAt: found.LastActiveAt.getTime(),
  sourceIp: found.Identity.SourceIp,
  gonePost: await kind(api, Post, closed, "x"),
  goneGet: await kind(api, Get, closed),
  goneDelete: await kind(api, Delete, closed),
  malformed: await kind(api, Post, "abc", "x"),
  tooLarge: await kind(api, Post, opened, "x".repeat(131073)),
  throttled: await kind(slow, Post, slowID, "x"),
  delete: await kind(api, Delete, opened),
}));
