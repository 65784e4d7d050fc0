import type { PeerProbes } from "../peers/evidence.js";
import { agentOf } from "./agent-of.js";
import { lookAtPane, paneEvidence } from "./look-at-pane.js";
import type { PaneBackend } from "./pane-backend.js";
import type { ProcessProbe } from "./ports.js";

const nothing = { probe: "unavailable" } as const;

/** What panes and processes of this host say for and against peers. */
export function createPeerProbes(panes: PaneBackend, isAlive: ProcessProbe): PeerProbes {
  return {
    process: async (pid, started) => isAlive({ pid, started: Number(started) }),
    async pane(peer) {
      // Without an agent on record a pane that is there proves nothing, but one that is not does.
      const look = peer.pane_id === undefined ? nothing : await lookAtPane(panes, peer.pane_id, agentOf(peer));
      return { evidence: paneEvidence(look), look };
    },
    async paneHolds(pane_id, pid) {
      const tree = await panes.tree(pane_id);
      if (tree.probe !== "ok") return tree.probe;
      return tree.found.some((process) => process.pid === pid) ? "ok" : "fail";
    },
  };
}
