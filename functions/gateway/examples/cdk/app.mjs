// A guarded API in CDK: npx cdk synth (or node app.mjs) writes cdk.out/Notes.template.json, which the gateway serves.
import { App, Stack } from 'aws-cdk-lib';
import { WebSocketApi, WebSocketStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { WebSocketLambdaAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { WebSocketLambdaIntegration, WebSocketMockIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';

const app = new App();
const stack = new Stack(app, 'Notes');
const common = { runtime: Runtime.NODEJS_22_X, code: Code.fromAsset('handler') };
const authorize = new Function(stack, 'Authorize', { ...common, handler: 'authorize.handler' });
const note = new Function(stack, 'Note', { ...common, handler: 'note.handler' });
const api = new WebSocketApi(stack, 'Api', {
  connectRouteOptions: {
    integration: new WebSocketLambdaIntegration('Connect', note),
    authorizer: new WebSocketLambdaAuthorizer('Authorizer', authorize, { identitySource: ['route.request.querystring.token'] }),
  },
});
api.addRoute('note', { integration: new WebSocketLambdaIntegration('Note', note), returnResponse: true });
api.addRoute('ping', {
  integration: new WebSocketMockIntegration('Ping', {
    requestTemplates: { 'application/json': '{"statusCode":200}' },
  }),
  returnResponse: true,
});
note.addEnvironment('ENDPOINT', api.apiEndpoint);
const stage = new WebSocketStage(stack, 'Stage', { webSocketApi: api, stageName: 'prod', autoDeploy: true });
stage.grantManagementApiAccess(note);
app.synth();
