import type { Asks } from "../asks/asks.js";
import { type Caller, localCaller } from "../caller.js";
import type { Links } from "../messages/links.js";
import type { Mail } from "../messages/mail.js";
import type { PaneBackend } from "../panes/pane-backend.js";
import { Panes } from "../panes/panes.js";
import type { HookFiles, ProcessProbe, StartHook } from "../panes/ports.js";
import type { DoctorReport } from "../panes/schema.js";
import type { PeerRegistry } from "../peers/registry.js";
import type { Peer, PeerRecord } from "../peers/schema.js";
import type { RunManager } from "../runs/manager.js";
import { isTerminal } from "../runs/transitions.js";
import { parseTime } from "../system-host.js";

/** The panes of this host, what is written down beside them, and what is started for them. */
export interface MeshPanes {
  readonly backend: PaneBackend;
  readonly files: HookFiles;
  readonly startHook: StartHook;
  readonly isAlive: ProcessProbe;
}

interface Parts {
  readonly manager: RunManager;
  readonly peers: PeerRegistry;
  readonly links: Links;
  readonly asks: Asks;
  readonly mail: Mail;
  shownPeer(peer: PeerRecord, caller: Caller): Peer;
}

/** The panes of the peers of a mesh. */
export function panesOf(
  mesh: Parts,
  { backend, files, startHook, isAlive }: MeshPanes,
  machine: string,
  token: (peer: PeerRecord) => Promise<string | undefined>,
): Panes {
  const { manager, peers, links } = mesh;
  const { host, limits } = manager;
  return new Panes({
    panes: backend,
    peers,
    files,
    sockets: links,
    startHook,
    isAlive,
    token,
    async run(run_id) {
      const run = await manager.get(run_id).catch(() => undefined);
      return run && !isTerminal(run.status) ? "ok" : "fail";
    },
    inbox: (peer) => inboxOf(mesh, peer),
    inbound(peer) {
      const { inbound_status, last_injected_at, last_injection_failed_at } = mesh.shownPeer(peer, localCaller);
      return {
        status: inbound_status,
        ...(last_injected_at !== undefined && { last_injected_at }),
        ...(last_injection_failed_at !== undefined && { last_injection_failed_at }),
      };
    },
    host,
    machine,
    limits,
  });
}

function inboxOf({ asks, mail, manager }: Parts, { peer_id }: PeerRecord): DoctorReport["inbox"] {
  const ageOf = (time: string): number => Math.max(0, manager.host.clock.now() - parseTime(time));
  const open = asks.openTo(peer_id);
  const waiting = mail.waiting(peer_id);
  const [ask, message] = [open.at(-1), waiting[0]];
  return {
    pending_asks: open.length,
    ...(ask && { oldest_age_ms: ageOf(ask.created_at), oldest_correlation_id: ask.correlation_id }),
    queued: waiting.length,
    ...(message && { oldest_queued_age_ms: ageOf(message.created_at) }),
  };
}
