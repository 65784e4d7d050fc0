import { AnodeError } from "../errors.js";
import type { Host } from "../host.js";
import type { PeerRecord } from "../peers/schema.js";
import { agentOf } from "./agent-of.js";
import { lookAtPane } from "./look-at-pane.js";
import { unavailablePanes } from "./orphans.js";
import type { PaneBackend } from "./pane-backend.js";
import type { PaneLocks } from "./pane-locks.js";
import type { HookFiles, PaneSockets, ProcessProbe, StartHook } from "./ports.js";
import { hasPaneHook, type HookFile, type RehookReport } from "./schema.js";
import { waitForSocket } from "./wait-for-socket.js";

/** What rehooks are made of. */
export interface RehookParts {
  readonly panes: PaneBackend;
  readonly files: HookFiles;
  readonly sockets: PaneSockets;
  readonly startHook: StartHook;
  readonly isAlive: ProcessProbe;
  /** Makes a token for a peer whose file has none any more. */
  token(peer: PeerRecord): Promise<string | undefined>;
  readonly locks: PaneLocks;
  readonly host: Pick<Host, "clock">;
  readonly machine: string;
  /** Time a started hook has to connect, and a socket to answer. */
  readonly linkMs: number;
  readonly pingMs: number;
}

type Finding = Pick<RehookReport, "acted" | "hook_started" | "ws_connected" | "reason">;

/** Gives a peer of this host its hook back. Ends no process, closes no socket, changes no identity. */
export class Rehooker {
  readonly #parts: RehookParts;

  constructor(parts: RehookParts) {
    this.#parts = parts;
  }

  /**
   * Says what is wrong with the way into a peer's pane, and with `apply` starts its hook when none lives.
   * @throws `cross_host`, `missing_pane`, `backend_has_no_hook`, `pane_unproven`,
   * `pane_backend_unavailable`, and what the start of the hook throws
   */
  async rehook(peer: PeerRecord, apply: boolean, signal: AbortSignal): Promise<RehookReport> {
    const { sockets, pingMs } = this.#parts;
    const pane_id = this.#paneOf(peer);
    const { peer_id, display_name } = peer;
    const { file, pane_proof } = await this.#prove(peer, pane_id);
    const ws_was_connected = sockets.of(peer_id) !== undefined;
    const ping = await sockets.ping(peer_id, pingMs);
    const isHealthy = ping === "ok" && (sockets.of(peer_id)?.pane_id ?? pane_id) === pane_id;
    const finding = isHealthy
      ? { acted: false, hook_started: false, ws_connected: true, reason: "already_healthy" as const }
      : await this.#mend(peer, pane_id, file, apply, signal);
    return { peer_id, display_name, pane_id, dry_run: !apply, ws_was_connected, ping, pane_proof, ...finding };
  }

  /** @throws `cross_host`, `missing_pane`, `backend_has_no_hook` */
  #paneOf(peer: PeerRecord): string {
    const name = peer.display_name;
    if (peer.machine !== this.#parts.machine)
      throw new AnodeError("cross_host", `${name} is on the machine ${peer.machine ?? "of nobody"}.`);
    if (peer.pane_id === undefined) throw new AnodeError("missing_pane", `${name} has no pane.`);
    if (hasPaneHook(peer)) return peer.pane_id;
    if (peer.backend !== "opencode") throw new AnodeError("backend_has_no_hook", `A peer of the backend ${peer.backend} has no hook.`);
    throw new AnodeError("backend_has_no_hook", `The socket of ${name} is held by OpenCode's plugin, not by a hook.`, {
      details: {
        hint: "It comes back with the next prompt there. If it does not, `anode hooks status opencode` says whether the plugin is installed.",
      },
    });
  }

  /** Nothing is destroyed here, so one of two weak proofs is enough. @throws `pane_unproven`, `pane_backend_unavailable` */
  async #prove(peer: PeerRecord, pane_id: string) {
    const { panes, files } = this.#parts;
    const look = await lookAtPane(panes, pane_id, agentOf(peer));
    if (look.probe === "unavailable") throw unavailablePanes(look.reason ?? "nothing is known");
    if (look.probe === "fail") throw new AnodeError("pane_unproven", `The pane ${pane_id} of ${peer.display_name} is gone.`);
    const written = await files.read(pane_id);
    const file = written.probe === "ok" ? written.found : undefined;
    if (file?.peer_id === peer.peer_id) return { file, pane_proof: "hook_metadata" } as const;
    if (look.pane?.cwd === peer.path && look.agent_in_tree === true) return { file, pane_proof: "path_and_agent" } as const;
    throw new AnodeError("pane_unproven", `Nothing proves that the pane ${pane_id} is that of ${peer.display_name}.`, {
      details: { hint: "`anode link` makes a peer of a pane." },
    });
  }

  async #mend(peer: PeerRecord, pane_id: string, file: HookFile | undefined, apply: boolean, signal: AbortSignal): Promise<Finding> {
    const { files, sockets, locks } = this.#parts;
    const none = { acted: false, hook_started: false, ws_connected: sockets.of(peer.peer_id) !== undefined };
    const isTrue = file?.peer_id === peer.peer_id && file.display_name === peer.display_name;
    // Where it cannot be known whether a hook lives, one may: a second one is not started beside it.
    const lives =
      file?.hook_pid !== undefined &&
      file.hook_started !== undefined &&
      this.#parts.isAlive({ pid: file.hook_pid, started: file.hook_started }) !== "fail";
    if (lives && isTrue) return { ...none, reason: "skipped_hook_alive" };
    if (!apply) return { ...none, reason: lives ? "would_reconcile" : "would_start_hook" };
    const letGo = locks.take(pane_id);
    if (!letGo) return { ...none, reason: "skipped_lock_held" };
    try {
      await files.write(await this.#fileOf(peer, pane_id, file));
      if (lives) return { ...none, acted: true, reason: "reconciled" };
      const hook = await this.#parts.startHook({ peer_id: peer.peer_id, pane_id, backend: peer.backend });
      const parts = { sockets, clock: this.#parts.host.clock };
      const wait = await waitForSocket(parts, { peer_id: peer.peer_id, pane_id }, hook, { timeoutMs: this.#parts.linkMs, signal });
      const ws_connected = wait === "connected";
      return { acted: true, hook_started: true, ws_connected, reason: ws_connected ? "hook_started" : "hook_started_no_socket" };
    } finally {
      letGo();
    }
  }

  /** What must be written beside the pane: a token that is there already stays the peer's. */
  async #fileOf(peer: PeerRecord, pane_id: string, file: HookFile | undefined): Promise<HookFile> {
    const { peer_id, display_name, backend } = peer;
    const own = file?.peer_id === peer_id ? file : undefined;
    const agent = agentOf(peer);
    const peer_token = own?.peer_token ?? (await this.#parts.token(peer));
    return {
      peer_id,
      display_name,
      backend,
      pane_id,
      ...(agent && { agent_pid: agent.pid, agent_started: agent.started }),
      ...(file?.hook_pid !== undefined && { hook_pid: file.hook_pid }),
      ...(file?.hook_started !== undefined && { hook_started: file.hook_started }),
      ...(peer_token !== undefined && { peer_token }),
    };
  }
}
