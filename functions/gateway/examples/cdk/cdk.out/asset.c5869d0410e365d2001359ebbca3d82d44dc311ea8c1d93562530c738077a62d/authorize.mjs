// Whoever knows the token may connect.
export const handler = async (event) => ({
  principalId: 'someone',
  policyDocument: {
    Version: '2012-10-17',
    Statement: [{
      Action: 'execute-api:Invoke', Resource: event.methodArn,
      Effect: event.queryStringParameters.token === 'secret' ? 'Allow' : 'Deny',
    }],
  },
  context: { plan: 'free' },
});
