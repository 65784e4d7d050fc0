import type { ProcessInfo } from "../../../lib/node/index.js";

const shells = new Set(["sh", "ash", "bash", "dash", "zsh", "fish", "ksh", "busybox"]);

/**
 * The agent that has started a hook, among the processes above the hook, nearest first. It is the nearest that is no shell; where that
 * one has its terminal, the topmost process of the same job: a starter that waits for it goes and stays with it.
 */
export function agentAbove(above: readonly ProcessInfo[]): ProcessInfo | undefined {
  const at = above.findIndex(({ name }) => !shells.has(name));
  const nearest = above[at];
  if (!nearest?.foreground) return nearest;
  const job = above.slice(at).filter(({ group, foreground }) => foreground && group === nearest.group);
  return job.at(-1);
}
