import { join } from "node:path";
import type { HookFile, HookFiles } from "../../../lib/index.js";
import { ancestorsOf, createHookFiles, type ProcessInfo } from "../../../lib/node/index.js";
import { homeFolder } from "../../../lib/node/home-folder.js";
import type { Context } from "../context.js";
import { agentAbove } from "./agent-above.js";

/** Where a hook was called: by which agent, in which pane, and what was written down beside it. */
export interface HookPlace {
  readonly files: HookFiles;
  readonly pane_id?: string;
  readonly agent?: ProcessInfo;
  /** Another agent has the pane and ours is its child: whatever it does, its parent answers for it. */
  readonly isChild: boolean;
  /** What was written down for this very agent; never what is another's. */
  readonly file?: HookFile;
}

/** Folder of what is written down beside panes. */
export function peersFolder(env: Context["env"]): string {
  return join(homeFolder(env), "peers");
}

/** Looks around from this process. */
export async function lookAround({ env }: Pick<Context, "env">, pid = process.pid): Promise<HookPlace> {
  const files = createHookFiles(peersFolder(env));
  const above = ancestorsOf(pid);
  const agent = agentAbove(above);
  const pane_id = /^%\d{1,9}$/.test(env["TMUX_PANE"] ?? "") ? env["TMUX_PANE"] : undefined;
  const written = pane_id === undefined ? undefined : await files.read(pane_id);
  const file = written?.probe === "ok" ? written.found : undefined;
  const isOf = ({ pid: one, startTicks }: ProcessInfo): boolean => file?.agent_pid === one && file.agent_started === startTicks;
  const isOwn = agent !== undefined && isOf(agent);
  return {
    files,
    ...(pane_id !== undefined && { pane_id }),
    ...(agent && { agent }),
    isChild: !isOwn && above.some(isOf),
    ...(file && isOwn && { file }),
  };
}
