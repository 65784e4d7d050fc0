// A plugin of the built-in agent: JSON-RPC 2.0, one object a line, on standard input and output. What goes to standard
// error is for the log.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

let workspace = "";

const methods = {
  initialize({ workspace_root }) {
    workspace = workspace_root;
    const parameters = { type: "object", properties: { path: { type: "string" } }, required: ["path"], additionalProperties: false };
    return {
      name: "words",
      version: "1",
      hooks: ["PreToolUse"],
      tools: [{ name: "count", description: "Counts the words of a file.", parameters, permission: "auto_read" }],
    };
  },
  hook({ tool_name, command = "" }) {
    const removes = tool_name === "bash" && /\brm\b/.test(command);
    return removes ? { decision: "reject", reason: "nothing is removed here" } : {};
  },
  "tool.execute"({ args }) {
    const words = readFileSync(join(workspace, args.path), "utf8").split(/\s+/).filter(Boolean);
    return { output: `${words.length} words` };
  },
  cancel() {}, // a notification: the run wants the call no more
  shutdown() {
    setImmediate(() => process.exit(0));
    return {};
  },
};

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  const answer = (more) => id !== undefined && process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, ...more })}\n`);
  try {
    answer({ result: methods[method](params) });
  } catch (error) {
    answer({ error: { code: -32000, message: error.message } });
  }
});
