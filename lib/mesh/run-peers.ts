import { AnodeError, invalidRequest } from "../errors.js";
import type { StreamEvent } from "../events/event.js";
import type { PeerRegistry } from "../peers/registry.js";
import type { PeerRecord } from "../peers/schema.js";
import type { PeerEvent } from "../peers/transitions.js";
import type { RunManager } from "../runs/manager.js";
import type { RunSummary } from "../runs/schema.js";
import { isTerminal } from "../runs/transitions.js";

/** Refuses to make a peer of a run that cannot receive messages. @throws `run_takes_no_input`, `invalid_request` */
export async function checkRunPeer(manager: RunManager, run_id: string | undefined): Promise<void> {
  if (run_id === undefined) {
    throw invalidRequest([{ path: "run_id", code: "required", message: "must name the run of a peer with this backend" }]);
  }
  const run = await manager.get(run_id).catch(() => undefined);
  if (!run) throw takesNone("There is no such run.");
  if (isTerminal(run.status)) throw takesNone(`The run is ${run.status}.`);
  if (!manager.takesInput(run_id)) throw takesNone("The run has no follow-up input, or has closed it; start it with keep_open.");
}

/** Lets peers that are runs follow their runs: what they do shows in their status, and they end with them. Returns the end of it. */
export function followRuns(manager: RunManager, peers: PeerRegistry): () => void {
  const peerOf = (run_id: string | undefined): PeerRecord | undefined => (run_id === undefined ? undefined : peers.ofRun(run_id));
  const stops = [
    manager.on("event", ({ type, run_id }: StreamEvent) => {
      const event = eventsOfRuns[type];
      const peer = event && peerOf(run_id);
      if (peer) peers.event(peer.peer_id, event);
    }),
    manager.on("run", (run: RunSummary) => {
      const peer = peerOf(run.id);
      if (!peer) return;
      if (run.status === "waiting") peers.event(peer.peer_id, { type: "dialog" });
      if (isTerminal(run.status)) void retire(manager, peers, peer);
    }),
  ];
  return () => stops.forEach((stop) => stop());
}

/** Retires the peers of runs that are over: what a restart found. */
export async function retireEndedRuns(manager: RunManager, peers: PeerRegistry): Promise<void> {
  for (const peer of peers.living()) {
    if (peer.run_id === undefined) continue;
    const run = await manager.get(peer.run_id).catch(() => undefined);
    if (!run || isTerminal(run.status)) await peers.retire(peer.peer_id, "run_ended");
  }
}

// A run's `turn.*` events are steps of its loop and never change a peer.
const eventsOfRuns: Readonly<Record<string, PeerEvent>> = {
  "run.started": { type: "working" },
  "input.delivered": { type: "working" },
  "run.idle": { type: "finished" },
};

async function retire({ host }: RunManager, peers: PeerRegistry, { peer_id }: PeerRecord): Promise<void> {
  try {
    await peers.retire(peer_id, "run_ended");
  } catch (error) {
    host.log("warn", "peer.retire_failed", { peer_id, error: String(error) });
  }
}

function takesNone(detail: string): AnodeError {
  return new AnodeError("run_takes_no_input", detail);
}
