import type { PeerRecord } from "../peers/schema.js";
import type { KnownProcess } from "./look-at-pane.js";
import type { PaneProcess } from "./pane-backend.js";

/** The process that a peer is recorded to run as; a number without its start proves nothing and is none. */
export function agentOf({ agent_pid, agent_started }: Pick<PeerRecord, "agent_pid" | "agent_started">): KnownProcess | undefined {
  if (agent_pid === undefined || agent_started === undefined) return undefined;
  return { pid: agent_pid, started: Number(agent_started) };
}

/** The program that has a pane's terminal: the topmost process of the job in front. */
export function programInFront(tree: readonly PaneProcess[]): PaneProcess | undefined {
  const inFront = new Map(tree.filter(({ foreground }) => foreground).map((process) => [process.pid, process]));
  return [...inFront.values()].find(({ ppid }) => !inFront.has(ppid));
}
