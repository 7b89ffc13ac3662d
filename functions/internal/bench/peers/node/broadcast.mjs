// Broadcasting as AWS's examples in Node have it: a table of connections, one Scan for a message, and as many posts at
// once as there are connections.
import { ApiGatewayManagementApiClient, PostToConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
import { DeleteItemCommand, DynamoDBClient, PutItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";

const { TABLE: TableName, CALLBACK: endpoint } = process.env;
const table = new DynamoDBClient(), api = new ApiGatewayManagementApiClient({ endpoint });
const key = (id) => ({ id: { S: id } });

export const handler = async ({ requestContext: { eventType, connectionId }, body }) => {
  if (eventType === "CONNECT") await table.send(new PutItemCommand({ TableName, Item: key(connectionId) }));
  if (eventType === "DISCONNECT") await table.send(new DeleteItemCommand({ TableName, Key: key(connectionId) }));
  if (eventType === "MESSAGE") await broadcast(JSON.stringify({ type: "broadcast", data: JSON.parse(body).data }));
  return { statusCode: 200 };
};

async function broadcast(Data) {
  const { Items } = await table.send(new ScanCommand({ TableName, ProjectionExpression: "id" }));
  await Promise.all(Items.map(async ({ id: { S: ConnectionId } }) => {
    try {
      await api.send(new PostToConnectionCommand({ ConnectionId, Data }));
    } catch (error) {
      if (error.$metadata?.httpStatusCode !== 410) throw error;
      await table.send(new DeleteItemCommand({ TableName, Key: key(ConnectionId) }));
    }
  }));
}
