import { pathToFileURL } from "node:url";
import { join } from "node:path";
import type { SettingsRequest } from "./settings-request.js";

/** The first line of a plugin of ours. */
export const pluginMark = "// anode hooks: made by `anode hooks install opencode`, and taken away by `anode hooks uninstall opencode`.";

/**
 * The plugin: a peer of the daemon's by its own socket, whose messages go in through the runtime's own interface. What stops a tool
 * call stands in the plugin itself and needs nothing of ours: where the program is gone, it denies.
 */
export function pluginText({ node, program, approval }: SettingsRequest): string {
  // Beside the program lies what belongs to it, of the same version.
  const peer = pathToFileURL(join(program, "../../adapters/cli/agent-hook/opencode-peer.js")).href;
  const text = (value: unknown): string => JSON.stringify(value);
  return `${pluginMark}
const [node, program] = [${text(node)}, ${text(program)}];

export const AnodePeer = async (input) => {
  // In a run of the daemon's own the run is what is known of the agent.
  const isRun = process.env.ANODE_RUN_ID !== undefined;
  const peer = isRun ? {} : await import(${text(peer)}).then(({ opencodePeer }) => opencodePeer(input, { node, program }), () => ({}));
  return ${approval ? "{ ...peer, ...gate(input) }" : "peer"};
};
${approval ? gateText(approval.gatedTools) : ""}`;
}

/** The approval that is built into a plugin of ours. */
export function approvalIn(text: string): SettingsRequest["approval"] {
  const list = /^const gated = (?<list>\[.*\]);$/m.exec(text)?.groups?.["list"];
  try {
    return list === undefined ? undefined : { gatedTools: JSON.parse(list) as string[], waitMs: 0 };
  } catch {
    return undefined;
  }
}

function gateText(gatedTools: readonly string[]): string {
  return `
const gated = ${JSON.stringify(gatedTools)};
const isGated = (tool) => gated.some((glob) => glob === tool || glob.includes("*"));

// Only a recorded allow ends with 0; what is thrown here keeps the tool from running.
const gate = ({ directory }) => ({
  "tool.execute.before": async ({ tool, sessionID, callID }, { args }) => {
    if (!isGated(tool)) return;
    const { spawn } = await import("node:child_process");
    const call = { hook_event_name: "tool.execute.before", tool_name: tool, tool_use_id: callID, tool_input: args, session_id: sessionID, cwd: directory };
    const why = await new Promise((resolve) => {
      const child = spawn(node, [program, "hook", "pretooluse", "--backend", "opencode"], { stdio: ["pipe", "ignore", "pipe"] });
      let said = "";
      child.stderr.on("data", (part) => (said += part));
      child.on("error", (error) => resolve(error.message));
      child.on("close", (code) => resolve(code === 0 ? undefined : said.trim() || "Not allowed: the hook ended with " + code + "."));
      child.stdin.on("error", () => {});
      child.stdin.end(JSON.stringify(call));
    });
    if (why !== undefined) throw new Error(why);
  },
});
`;
}
