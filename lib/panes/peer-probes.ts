import { noLook, type PeerProbes } from "../peers/evidence.js";
import { agentOf } from "./agent-of.js";
import { lookAtPane } from "./look-at-pane.js";
import type { PaneBackend } from "./pane-backend.js";
import type { ProcessProbe } from "./ports.js";

/** What panes and processes of this host say for and against peers. */
export function createPeerProbes(panes: PaneBackend, isAlive: ProcessProbe): PeerProbes {
  return {
    process: async (pid, started) => isAlive({ pid, started: Number(started) }),
    async pane(peer) {
      return peer.pane_id === undefined ? noLook : lookAtPane(panes, peer.pane_id, agentOf(peer));
    },
    async paneHolds(pane_id, pid) {
      const tree = await panes.tree(pane_id);
      if (tree.probe !== "ok") return tree.probe;
      return tree.found.some((process) => process.pid === pid) ? "ok" : "fail";
    },
  };
}
