// Calls a handler for events that come as lines of standard input, as Lambda would, several at a time.
// Argument: the module.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { handler } = await import(pathToFileURL(process.argv[2]));
console.log = console.error;
for await (const line of createInterface({ input: process.stdin })) {
  const { id, event } = JSON.parse(line);
  const answer = (a) => process.stdout.write(JSON.stringify({ id, ...a }) + "\n");
  handler(event).then((result) => answer({ result: result ?? null }), (e) => answer({ error: e.message }));
}
