import type { Host } from "../host.js";
import type { PeerLook } from "../peers/evidence.js";
import type { InboundStatus, PeerRecord } from "../peers/schema.js";
import { formatTime } from "../system-host.js";
import { agentOf } from "./agent-of.js";
import { contradictionsOf } from "./contradictions.js";
import { lookAtPane } from "./look-at-pane.js";
import type { PaneBackend } from "./pane-backend.js";
import type { HookFiles, PanePeers, PaneSockets, ProcessProbe } from "./ports.js";
import type { DoctorReport } from "./schema.js";

/** What a doctor looks through; none of it is changed. */
export interface DoctorParts {
  readonly panes: PaneBackend;
  readonly peers: Pick<PanePeers, "byId" | "twinOf">;
  readonly files: HookFiles;
  readonly sockets: PaneSockets;
  readonly isAlive: ProcessProbe;
  /** Whether a run is still under way; `unavailable` when there is none of this id. */
  run(run_id: string): Promise<"ok" | "fail" | "unavailable">;
  inbox(peer: PeerRecord): DoctorReport["inbox"];
  /** Whether messages get through, and when the last one did or did not. */
  inbound(peer: PeerRecord): {
    readonly status: InboundStatus;
    readonly last_injected_at?: string;
    readonly last_injection_failed_at?: string;
  };
  readonly host: Pick<Host, "clock">;
  readonly machine: string;
}

/** Finds out how it is with a peer, and touches nothing. */
export class PeerDoctor {
  readonly #parts: DoctorParts;

  constructor(parts: DoctorParts) {
    this.#parts = parts;
  }

  /** `look` is what was seen of the peer just now, and is not looked at again. */
  async examine(peer: PeerRecord, look?: PeerLook): Promise<DoctorReport> {
    const local = peer.machine === this.#parts.machine;
    const [pane, hook, run] = await Promise.all([this.#pane(peer, local, look), this.#hook(peer, local), this.#run(peer)]);
    // Only now: what was seen from here on goes together.
    const now = this.#parts.peers.byId(peer.peer_id) ?? peer;
    const { status: inbound_status, ...injections } = this.#parts.inbound(now);
    const report = {
      peer_id: now.peer_id,
      display_name: now.display_name,
      status: now.status,
      ...(now.turn_state !== undefined && { turn_state: now.turn_state }),
      backend: now.backend,
      circle: now.circle,
      role: now.role,
      ...(now.machine !== undefined && { machine: now.machine }),
      local,
      checked_at: formatTime(this.#parts.host.clock.now()),
      last_seen: now.last_seen,
      inbound_status,
      link: { ...this.#link(now), ...injections },
      pane,
      hook,
      agent: this.#agent(now, local, look),
      run,
      inbox: this.#parts.inbox(now),
    };
    const twin = this.#parts.peers.twinOf(now)?.display_name;
    return { ...report, contradictions: contradictionsOf(report, now, twin === undefined ? {} : { twin }) };
  }

  #link({ peer_id }: PeerRecord): DoctorReport["link"] {
    const socket = this.#parts.sockets.of(peer_id);
    return socket ? { connected: true, ...socket } : { connected: false };
  }

  async #pane(peer: PeerRecord, local: boolean, look?: PeerLook): Promise<DoctorReport["pane"]> {
    if (!local || peer.pane_id === undefined) return { probe: "unavailable", ...(peer.pane_id !== undefined && { pane_id: peer.pane_id }) };
    const { probe, pane, agent_in_tree } = look?.pane.look ?? (await lookAtPane(this.#parts.panes, peer.pane_id, agentOf(peer)));
    return {
      probe,
      pane_id: peer.pane_id,
      ...(pane && { session: `${pane.session}:${pane.window}`, current_path: pane.cwd, pid: pane.pid }),
      ...(agent_in_tree !== undefined && { agent_in_tree }),
    };
  }

  async #hook(peer: PeerRecord, local: boolean): Promise<DoctorReport["hook"]> {
    if (!local || peer.pane_id === undefined) return { probe: "unavailable" };
    const written = await this.#parts.files.read(peer.pane_id);
    if (written.probe !== "ok") return { probe: written.probe };
    const { peer_id, display_name, hook_pid, hook_started } = written.found;
    const alive =
      hook_pid === undefined || hook_started === undefined ? "fail" : this.#parts.isAlive({ pid: hook_pid, started: hook_started });
    return {
      probe: "ok",
      peer_id,
      display_name,
      ...(hook_pid !== undefined && { pid: hook_pid }),
      ...(alive !== "unavailable" && { alive: alive === "ok" }),
    };
  }

  #agent(peer: PeerRecord, local: boolean, look?: PeerLook): DoctorReport["agent"] {
    const agent = local ? agentOf(peer) : undefined;
    if (!agent) return { probe: "unavailable" };
    const probe = look?.process ?? this.#parts.isAlive(agent);
    return { probe, pid: agent.pid, ...(probe !== "unavailable" && { alive: probe === "ok" }) };
  }

  async #run({ run_id }: PeerRecord): Promise<DoctorReport["run"]> {
    return run_id === undefined ? { probe: "unavailable" } : { probe: await this.#parts.run(run_id), run_id };
  }
}
