// The answer of wsEcho's route echo, as it is written in Node.
export const handler = async ({ requestContext: { eventType }, body }) => {
  if (eventType !== "MESSAGE") return { statusCode: 200 };
  const { id, data } = JSON.parse(body);
  return { statusCode: 200, body: JSON.stringify({ type: "echo", id, data }) };
};
