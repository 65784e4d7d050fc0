import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Check, ok, skip, warn } from "./finding.js";

const runtimes = { "claude-code": "claude", codex: "codex", gemini: "gemini", opencode: "opencode" } as const;

/** What the mesh can use here: a terminal multiplexer, agents, peers. */
export const meshChecks: readonly Check[] = [
  {
    name: "tmux",
    find({ env }) {
      const path = find("tmux", env);
      return path === undefined ? skip("not found; agents in panes need it, everything else works") : ok(path);
    },
  },
  {
    name: "runtimes",
    find({ env }) {
      const found = Object.entries(runtimes).filter(([, program]) => find(program, env) !== undefined);
      return found.length === 0 ? skip("no coding agent found in PATH") : ok(found.map(([name]) => name).join(", "));
    },
  },
  {
    name: "hooks",
    async find({ env }) {
      const { statusOf } = await import("../hook-settings/status-of.js");
      let found: ReturnType<typeof statusOf>[];
      try {
        found = Object.keys(runtimes).map((backend) => statusOf(backend, "user", { env, cwd: "/" }));
      } catch (error) {
        return warn((error as Error).message);
      }
      const [ours, others] = ["installed", "other"].map((state) => found.filter((one) => one.state === state).map((one) => one.backend));
      if (others?.length) return warn(`${others.join(", ")}: by another program; \`anode hooks install <agent>\` puts this one in`);
      return ours?.length ? ok(ours.join(", ")) : skip("in no agent's settings; `anode hooks install <agent>`");
    },
  },
  {
    name: "mesh",
    find({ daemon }) {
      const mesh = daemon?.["mesh"] as { readonly peers?: Readonly<Record<string, number>>; readonly open_asks?: number } | undefined;
      if (!mesh) return skip("known to a running daemon only");
      const peers = Object.entries(mesh.peers ?? {}).map(([status, count]) => `${count} ${status}`);
      return ok(`peers: ${peers.join(", ")}; ${String(mesh.open_asks)} open asks`);
    },
  },
];

function find(program: string, env: Readonly<Record<string, string | undefined>>): string | undefined {
  const folders = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder.startsWith("/"));
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
