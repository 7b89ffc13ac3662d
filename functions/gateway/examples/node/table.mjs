// Makes the table on the server that AWS_ENDPOINT_URL_DYNAMODB names: node table.mjs
import { createRequire } from 'node:module';

const { DynamoDBClient, CreateTableCommand } = createRequire(new URL('chat/', import.meta.url))('@aws-sdk/client-dynamodb');
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
await new DynamoDBClient({ region: 'us-east-1', credentials }).send(new CreateTableCommand({
  TableName: 'chat-connections', BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }], KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
}));
