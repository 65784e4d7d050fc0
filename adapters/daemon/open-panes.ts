import { hostname } from "node:os";
import {
  AnodeError,
  isTerminal,
  localCaller,
  type Mesh,
  type PaneBackend,
  Panes,
  type PaneSockets,
  parseTime,
  type StartHook,
} from "../../lib/index.js";
import { createHookFiles, isAlive } from "../../lib/node/index.js";
import type { Ground } from "./ground.js";
import type { Home } from "./home.js";

/** What the panes of peers stand on. */
export interface PanesGround {
  readonly ground: Ground;
  readonly home: Home;
  readonly backend: PaneBackend;
  readonly mesh: Mesh;
  /** @defaultValue none is ever open */
  readonly sockets?: PaneSockets;
  /** @defaultValue refuses: there is no such program */
  readonly startHook?: StartHook;
}

/** Takes up the panes of peers. */
export async function openPanes(parts: PanesGround): Promise<Panes> {
  const { ground, home, backend, mesh, sockets = noSockets, startHook = noHook } = parts;
  const { manager } = mesh;
  const { clock } = ground.host;
  const ageOf = (time: string): number => Math.max(0, clock.now() - parseTime(time));
  const panes = new Panes({
    panes: backend,
    peers: mesh.peers,
    files: createHookFiles(home.peers),
    sockets,
    async startHook(request) {
      const hook = await startHook(request);
      ground.host.log("info", "hook.started", { peer_id: request.peer_id, pane_id: request.pane_id, pid: hook.pid });
      return hook;
    },
    isAlive: (process) => isAlive(process),
    token: ({ peer_id }) => ground.tokens.createForPeer(peer_id),
    async run(run_id) {
      const run = await manager.get(run_id).catch(() => undefined);
      return run && !isTerminal(run.status) ? "ok" : "fail";
    },
    inbox({ peer_id }) {
      const asks = mesh.asks.openTo(peer_id);
      const waiting = mesh.mail.waiting(peer_id);
      const [ask, message] = [asks.at(-1), waiting[0]];
      return {
        pending_asks: asks.length,
        ...(ask && { oldest_age_ms: ageOf(ask.created_at), oldest_correlation_id: ask.correlation_id }),
        queued: waiting.length,
        ...(message && { oldest_queued_age_ms: ageOf(message.created_at) }),
      };
    },
    inbound(peer) {
      const { inbound_status, last_injected_at, last_injection_failed_at } = mesh.shownPeer(peer, localCaller);
      return {
        status: inbound_status,
        ...(last_injected_at !== undefined && { last_injected_at }),
        ...(last_injection_failed_at !== undefined && { last_injection_failed_at }),
      };
    },
    host: ground.host,
    machine: hostname(),
    limits: manager.limits,
  });
  await panes.open();
  mesh.examineBy(panes);
  return panes;
}

const noSockets: PaneSockets = {
  of: () => undefined,
  connected: () => new Promise(() => {}),
  ping: async () => "unavailable",
};

const noHook: StartHook = async () => {
  throw new AnodeError("not_supported", "There is no program here that holds a peer's socket.", { details: { ability: "hook" } });
};
