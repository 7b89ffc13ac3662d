// The function behind every route of the APIs that the conformance suite looks at. It does what it is told and records
// what it gets. Instructions are JSON: in the header X-Probe of a connect, in the body of a message:
//
//   collect     "{apiId}/{stage}/{connectionId}": the connection that gets the records, also of later events
//   return      what the handler returns, as it is
//   throw       the message of the error that it throws
//   sleep       milliseconds that it waits before either
//   post        "self": it posts to its own connection and records the status
//   disconnect  for a connect: what to throw when the connection ends
//   policy      for a connect: what the authorizer returns, as text in which $ARN stands for the route; policyThrow and
//               pad (bytes of context) likewise
//
// A message that says nothing of return or throw is answered with its own record, so that those are seen too which can't
// be told whom to post to. It needs no packages, and signs its posts itself.
import { createHash, createHmac } from "node:crypto";
import { setTimeout } from "node:timers/promises";

const connections = new Map(); // What connects were told, as far as this instance has seen them.
let collector; // Who was named last: a run of the suite has one.

export const handler = async (event) => {
  const told = instructions(event), { connectionId } = event.requestContext;
  collector = told.collect ?? event.requestContext.authorizer?.collect ?? collector;
  const record = { probe: "start", event: shortened(event), ...sizes(event.body) };
  await report(record);
  if (told.post === "self") await report({ ...record, probe: "posted", status: await post(address(event), "from inside") });
  if (told.sleep) {
    await setTimeout(told.sleep);
    await report({ ...record, probe: "end" });
  }
  if (event.type === "REQUEST") return authorize(event, told);
  if (event.requestContext.eventType === "CONNECT") connections.set(connectionId, told);
  if (event.requestContext.eventType === "DISCONNECT") connections.delete(connectionId);
  if ("throw" in told) throw new Error(told.throw);
  if ("return" in told) return told.return;
  return { statusCode: 200, body: JSON.stringify({ ...record, probe: "reply" }) };
};

function instructions(event) {
  const { eventType, connectionId } = event.requestContext;
  if (eventType === "DISCONNECT") {
    const { collect, disconnect } = connections.get(connectionId) ?? {};
    return disconnect ? { collect, throw: disconnect } : { collect };
  }
  const header = Object.entries(event.headers ?? {}).find(([name]) => name.toLowerCase() === "x-probe");
  return parsed(eventType === "MESSAGE" ? event.body : header?.[1]);
}

function parsed(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

function authorize({ methodArn }, { policy, policyThrow, pad, collect }) {
  if (policyThrow) throw new Error(policyThrow);
  if (policy) return JSON.parse(policy.replaceAll("$ARN", methodArn));
  return {
    principalId: "p",
    policyDocument: { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "execute-api:Invoke", Resource: methodArn }] },
    context: { userId: "u1", number: 1.5, yes: true, ...(collect && { collect }), ...(pad && { pad: "x".repeat(pad) }) },
  };
}

// A record has to fit into a message.
function shortened(event) {
  return event.body?.length > 1000 ? { ...event, body: event.body.slice(0, 100) } : event;
}

function sizes(body) {
  return typeof body === "string" ? { size: Buffer.byteLength(body), sha256: createHash("sha256").update(body).digest("hex") } : {};
}

const address = ({ requestContext: { apiId, stage, connectionId } }) => `${apiId}/${stage}/${connectionId}`;

async function report(record) {
  if (!collector) return;
  const status = await post(collector, JSON.stringify(record));
  if (status !== 200) console.log(`the collector ${collector} can't be reached: ${status}`);
}

// CALLBACK is where an emulator has its management API; {api}, {stage} and {region} are put in.
const base = process.env.CALLBACK || "https://{api}.execute-api.{region}.amazonaws.com/{stage}";
const region = process.env.AWS_REGION ?? "us-east-1";

// Sends a text to the connection "{apiId}/{stage}/{connectionId}" and returns the status.
async function post(to, text) {
  const [api, stage, id] = to.split("/");
  if (!/^[\w-]+$/.test(api) || !/^[\w-]+$/.test(stage)) return 0;
  const url = new URL(base.replace("{api}", api).replace("{stage}", stage).replace("{region}", region));
  url.pathname = url.pathname.replace(/\/$/, "") + "/@connections/" + encodeURIComponent(id);
  try {
    const answer = await fetch(url, { method: "POST", body: text, headers: signature(url, text) });
    await answer.arrayBuffer();
    return answer.status;
  } catch (e) {
    console.log(`POST ${url}: ${e.cause ?? e}`);
    return 0;
  }
}

const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const hmac = (key, text) => createHmac("sha256", key).update(text).digest();

// AWS Signature Version 4, in which the path is encoded once more than it is sent.
function signature(url, text) {
  const { AWS_ACCESS_KEY_ID: key = "local", AWS_SECRET_ACCESS_KEY: secret = "local", AWS_SESSION_TOKEN: token } = process.env;
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, ""), day = time.slice(0, 8);
  const signed = { host: url.host, "x-amz-date": time, ...(token && { "x-amz-security-token": token }) };
  const names = Object.keys(signed).join(";");
  const path = url.pathname.split("/").map(encodeURIComponent).join("/");
  const request = ["POST", path, "", ...Object.entries(signed).map(([n, v]) => `${n}:${v}`), "", names, sha256(text)].join("\n");
  const scope = `${day}/${region}/execute-api/aws4_request`;
  const derived = [day, region, "execute-api", "aws4_request"].reduce(hmac, "AWS4" + secret);
  const proof = hmac(derived, ["AWS4-HMAC-SHA256", time, scope, sha256(request)].join("\n")).toString("hex");
  const { host, ...headers } = signed;
  return { ...headers, authorization: `AWS4-HMAC-SHA256 Credential=${key}/${scope}, SignedHeaders=${names}, Signature=${proof}` };
}
