import { type Mesh, Panes } from "../../lib/index.js";
import { createNoPanes } from "../../lib/panes/no-panes.js";
import type { PanesOptions } from "../../lib/panes/panes.js";
import { parseTime } from "../../lib/system-host.js";

/** The panes of a mesh, whose doctor looks on. Where nothing is said of them there are none, and nothing is known of processes. */
export function panesOf(mesh: Mesh, parts: Partial<PanesOptions> = {}): Panes {
  const panes = new Panes({
    panes: createNoPanes(),
    isAlive: () => "unavailable",
    peers: mesh.peers,
    sockets: mesh.links,
    files: { read: async () => ({ probe: "fail" }), write: async () => {}, remove: async () => {} },
    startHook: () => Promise.reject(new Error("no program")),
    token: async () => "",
    run: async () => "ok",
    inbox({ peer_id }) {
      const oldest = mesh.asks.openTo(peer_id).at(-1);
      const age = oldest && { oldest_age_ms: mesh.manager.host.clock.now() - parseTime(oldest.created_at) };
      return { pending_asks: oldest ? 1 : 0, queued: 0, ...age };
    },
    inbound: () => ({ status: "online" }),
    machine: "box",
    host: mesh.manager.host,
    limits: mesh.manager.limits,
    ...parts,
  });
  mesh.examineBy(panes);
  return panes;
}
