// A plugin of the built-in agent for tests: JSON-RPC 2.0 over its standard streams. Its argument says how it behaves.
import { createInterface } from "node:readline";
import { appendFileSync } from "node:fs";

const [behavior = "good", log] = process.argv.slice(2);
const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
const waiting = new Map();

const answers = {
  initialize: ({ protocol, workspace_root }) => ({
    name: behavior === "nameless" ? 7 : "Good One",
    version: `${protocol}`,
    hooks: ["PreToolUse", "PostToolUse"],
    tools: [
      { name: "echo", description: `in ${workspace_root}`, parameters: { type: "object" } },
      { name: "look", description: "looks", parameters: { type: "object" }, permission: "auto_read" },
      { name: "slow", description: "never ends by itself", parameters: { type: "object" }, permission: "unavailable" },
    ],
  }),
  hook({ event, tool_name }) {
    if (behavior === "crash-in-hook") process.exit(3);
    if (behavior === "hang-in-hook") return undefined;
    return event === "PreToolUse" && tool_name === "bash" ? { decision: "reject", reason: "no shell today" } : {};
  },
  "tool.execute"({ args, call_id, name }, id) {
    if (name === "slow") {
      waiting.set(call_id, id);
      return undefined;
    }
    if (args.fail) throw new Error("it failed");
    return { output: name === "echo" ? args : "looked" };
  },
  cancel({ call_id }) {
    send({ id: waiting.get(call_id), result: { output: "canceled" } });
  },
  shutdown() {
    setImmediate(() => process.exit(0));
    return {};
  },
};

process.stderr.write("a word to the log\n");
createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  if (log) appendFileSync(log, `${method}\n`);
  if (behavior === "garbage") return process.stdout.write("this is not JSON\n");
  try {
    const result = answers[method]?.(params, id);
    if (id !== undefined && result !== undefined) send({ id, result });
  } catch (error) {
    send({ id, error: { code: -32000, message: error.message } });
  }
});
