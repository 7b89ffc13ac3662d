// A chat: {"action":"say","text":"hello"} reaches everybody who is connected, with the name given at ?name=.
import { ApiGatewayManagementApiClient, PostToConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, DynamoDBDocumentClient, GetCommand, PutCommand, paginateScan } from '@aws-sdk/lib-dynamodb';

const TableName = process.env.TABLE;
const db = DynamoDBDocumentClient.from(new DynamoDBClient());

const forget = (id) => db.send(new DeleteCommand({ TableName, Key: { id } }));

// api returns a client that posts to the connections of the API that an event is from.
function api({ domainName, stage }) {
  return new ApiGatewayManagementApiClient({ endpoint: `https://${domainName}/${stage}` });
}

// post sends to one connection, and forgets it if it is gone.
async function post(client, id, message) {
  try {
    await client.send(new PostToConnectionCommand({ ConnectionId: id, Data: JSON.stringify(message) }));
  } catch (error) {
    if (error.name !== 'GoneException') throw error;
    await forget(id);
  }
}

async function say(context, text) {
  const { Item } = await db.send(new GetCommand({ TableName, Key: { id: context.connectionId } }));
  const client = api(context);
  for await (const page of paginateScan({ client: db }, { TableName, ConsistentRead: true })) {
    await Promise.all(page.Items.map(({ id }) => post(client, id, { from: Item?.name, text })));
  }
}

export async function handler(event) {
  const context = event.requestContext;
  switch (context.routeKey) {
    case '$connect': {
      const name = event.queryStringParameters?.name ?? 'somebody';
      await db.send(new PutCommand({ TableName, Item: { id: context.connectionId, name } }));
      break;
    }
    case '$disconnect':
      await forget(context.connectionId);
      break;
    case 'say':
      await say(context, JSON.parse(event.body).text);
      break;
    default:
      await post(api(context), context.connectionId, { error: 'say something: {"action":"say","text":"hello"}' });
  }
  return { statusCode: 200 };
}
