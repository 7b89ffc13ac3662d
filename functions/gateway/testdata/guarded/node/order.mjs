import { ApiGatewayManagementApiClient, GetConnectionCommand, PostToConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi';

const client = new ApiGatewayManagementApiClient({ endpoint: process.env.ENDPOINT });

export const handler = async ({ requestContext, body }) => {
  const ConnectionId = requestContext.connectionId;
  const { ConnectedAt } = await client.send(new GetConnectionCommand({ ConnectionId }));
  const Data = JSON.stringify({ order: JSON.parse(body).order, connected: ConnectedAt.getTime() === requestContext.connectedAt });
  await client.send(new PostToConnectionCommand({ ConnectionId, Data }));
  return { statusCode: 200 };
};
