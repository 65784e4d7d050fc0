import type { Pane, PaneBackend } from "./pane-backend.js";

/** A process, and its start, without which its number proves nothing. */
export interface KnownProcess {
  readonly pid: number;
  readonly started: number;
}

/** What can be said of a pane and of the agent that is supposed to be in it. */
export interface PaneLook {
  readonly probe: "ok" | "fail" | "unavailable";
  /** Why it is unavailable. */
  readonly reason?: string;
  readonly pane?: Pane;
  /** Whether the agent is among the pane's processes; absent when that cannot be known, or no agent was named. */
  readonly agent_in_tree?: boolean;
  /** Whether what is typed reaches it. */
  readonly agent_in_front?: boolean;
}

/** Looks whether a pane is there and holds an agent. */
export async function lookAtPane(panes: PaneBackend, paneId: string, agent?: KnownProcess): Promise<PaneLook> {
  const pane = await panes.get(paneId);
  if (pane.probe !== "ok") return pane;
  const look = { probe: "ok", pane: pane.found } as const;
  if (!agent) return look;
  const tree = await panes.tree(paneId);
  // It ended between the two looks.
  if (tree.probe === "fail") return tree;
  if (tree.probe === "unavailable") return { ...look, reason: tree.reason };
  const found = tree.found.find(({ pid, started }) => pid === agent.pid && started === agent.started);
  return { ...look, agent_in_tree: found !== undefined, agent_in_front: found?.foreground ?? false };
}

/** A pane as evidence that its agent lives: it is there, and so is the agent in it. */
export function paneEvidence({ probe, agent_in_tree }: PaneLook): "ok" | "fail" | "unavailable" {
  if (probe !== "ok") return probe;
  return agent_in_tree === undefined ? "unavailable" : agent_in_tree ? "ok" : "fail";
}
