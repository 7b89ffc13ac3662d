// Calls /@connections of a stage by its name on AWS. Arguments: the stage's URL, an open connection's id, an unknown id,
// the folder of the installed packages.
import { createRequire } from "node:module";

const [endpoint, opened, unknown, packages] = process.argv.slice(2);
const { ApiGatewayManagementApiClient, PostToConnectionCommand: Post, GoneException } =
  createRequire(packages + "/")("@aws-sdk/client-apigatewaymanagementapi");

const api = new ApiGatewayManagementApiClient({ endpoint });
await api.send(new Post({ ConnectionId: opened, Data: "hello from node" }));
await api.send(new Post({ ConnectionId: unknown, Data: "x" })).catch((e) => {
  if (e instanceof GoneException) console.log("gone");
});
