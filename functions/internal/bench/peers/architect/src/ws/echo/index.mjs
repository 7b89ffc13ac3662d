// Architect's sandbox sends nobody what a handler returns: an answer is posted to its connection, here without the SDK.
const { ports } = JSON.parse(process.env.ARC_SANDBOX);

export const handler = async ({ requestContext: { connectionId }, body }) => {
  const { id, data } = JSON.parse(body);
  const { ok } = await fetch(`http://127.0.0.1:${ports._arc}/_arc/ws/@connections/${connectionId}`, {
    method: "POST", body: JSON.stringify({ type: "echo", id, data }),
  });
  if (!ok) throw new Error("the post failed");
  return { statusCode: 200 };
};
