// What is noted comes back, with what the authorizer said.
export const handler = async ({ requestContext, body }) => ({
  statusCode: 200,
  body: JSON.stringify({ route: requestContext.routeKey, plan: requestContext.authorizer.plan, body }),
});
