import type { HookFile } from "../../../lib/index.js";
import { createPaneHookStart, isAlive } from "../../../lib/node/index.js";
import type { Context } from "../context.js";
import { turnRuntimes } from "./turn-runtimes.js";

/** Starts the program that holds the socket of a pane's peer, unless one lives or a plugin holds it. */
export async function holdSocket(file: HookFile, { env }: Pick<Context, "env">): Promise<void> {
  const { hook_pid, hook_started, peer_id, pane_id, backend } = file;
  if (turnRuntimes[backend]?.hasPlugin) return;
  if (hook_pid !== undefined && hook_started !== undefined && isAlive({ pid: hook_pid, started: hook_started }) === "ok") return;
  const program = process.argv[1];
  if (program !== undefined) await createPaneHookStart({ program, env })({ peer_id, pane_id, backend });
}
