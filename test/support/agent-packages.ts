import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where real agents are installed, each in a folder of its own. */
export const agentsFolder = process.env["ANODE_TEST_AGENTS"] ?? join(tmpdir(), "anode-agents");

/** What npm installs for each real agent, and the command that comes of it. */
export const agentPackages = {
  claude: { install: "@agentclientprotocol/claude-agent-acp@0.100.0", command: "claude-agent-acp" },
  codex: { install: "@agentclientprotocol/codex-acp@2.6.0", command: "codex-acp" },
  gemini: { install: "@google/gemini-cli@0.61.0", command: "gemini" },
  opencode: { install: "opencode-ai@1.18.33", command: "opencode" },
} as const;

/** Name of a real agent. */
export type RealAgentName = keyof typeof agentPackages;

/** The folder of an agent's commands once it is installed. */
export function binFolder(name: RealAgentName): string {
  return join(agentsFolder, name, "node_modules/.bin");
}

/** Leaves OpenCode, in a home of its own, nothing to fetch: it would install the types of its plugins from the registry at each start. */
export function settleOpencode(home: string): void {
  const folder = join(home, ".config/opencode");
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  const lock = { packages: { "": { dependencies: { "@opencode-ai/plugin": "*" } } } };
  writeFileSync(join(folder, "package-lock.json"), JSON.stringify(lock));
}
