import type { CancelTimer, Host } from "../host.js";
import type { Limits } from "../limits.js";
import { parseTime } from "../system-host.js";
import { type Evidence, judge, noLook, type PaneSight, type PeerLook, type PeerProbes, type Probe } from "./evidence.js";
import { isBuiltIn } from "./built-in.js";
import type { PeerRegistry } from "./registry.js";
import { isAwaited, type PeerRecord } from "./schema.js";

/** What the pass asks of others. */
export interface RepairPorts {
  readonly probes: PeerProbes;
  readonly machine: string;
  /** What is known at once. */
  known(peer: PeerRecord): Pick<Evidence, "inProcess" | "socket"> & { readonly run?: "live" | "over"; readonly pongsWithoutPane: number };
  /** What a look at a peer of this host gave, once its status says what follows from it. */
  looked(peer: PeerRecord, look: PeerLook): Promise<void>;
}

const debounceMs = 30_000;
const probeMs = 1_000;
const atOnce = 8;
const failuresThatCount = 3;

/** Looks now and then whether the peers are still there. One pass at a time, and not more often than every half minute. */
export class Repair {
  readonly #peers: PeerRegistry;
  readonly #host: Host;
  readonly #limits: Limits;
  readonly #ports: RepairPorts;
  /** Looks at a pane that told no, in a row. */
  readonly #paneFails = new Map<string, number>();
  #lastMs = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;

  constructor(parts: { readonly peers: PeerRegistry; readonly host: Host; readonly limits: Limits }, ports: RepairPorts) {
    this.#peers = parts.peers;
    this.#host = parts.host;
    this.#limits = parts.limits;
    this.#ports = ports;
  }

  /** A pass, unless one was lately; resolves when it is over. */
  run(): Promise<void> {
    if (this.#running) return this.#running;
    const now = this.#host.clock.monotonic();
    if (now - this.#lastMs < debounceMs) return Promise.resolve();
    this.#lastMs = now;
    this.#running = this.#pass().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #pass(): Promise<void> {
    const peers = this.#peers.living().filter((peer) => !isBuiltIn(peer));
    const waiting = [...peers];
    const worker = async (): Promise<void> => {
      for (let peer = waiting.shift(); peer; peer = waiting.shift()) await this.#look(peer);
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, peers.length) }, worker));
    for (const peer of this.#peers.tombstones()) this.#bury(peer);
  }

  async #look(peer: PeerRecord): Promise<void> {
    const look = await this.#seen(peer);
    const evidence = this.#evidence(peer, look);
    const now = this.#peers.byId(peer.peer_id);
    if (!now || now.retired_at !== undefined) return;
    const verdict = judge(now, evidence);
    try {
      if (verdict.type === "retire") await this.#peers.retire(now.peer_id, verdict.reason);
      else if (verdict.type === "live") this.#live(now);
      else await this.#absent(now, verdict.reason);
    } catch (error) {
      this.#failed(peer, error);
    }
    if (now.machine !== this.#ports.machine) return;
    const looked = this.#ports.looked(now, look).catch((error: unknown) => this.#failed(now, error));
    await this.#within(looked, undefined);
  }

  async #seen(peer: PeerRecord): Promise<PeerLook> {
    const { probes, machine } = this.#ports;
    const isHere = peer.machine === machine && this.#ports.known(peer).run === undefined;
    const { agent_pid, agent_started, pane_id } = peer;
    const hasProcess = isHere && agent_pid !== undefined && agent_started !== undefined;
    const [process, pane] = await Promise.all<[Promise<Probe> | Probe, Promise<PaneSight> | PaneSight]>([
      hasProcess ? this.#within(probes.process(agent_pid, agent_started), "unavailable") : "unavailable",
      isHere && pane_id !== undefined ? this.#within(probes.pane(peer), noLook) : noLook,
    ]);
    return { process, pane };
  }

  #evidence(peer: PeerRecord, look: PeerLook): Evidence {
    const { pongsWithoutPane, ...known } = this.#ports.known(peer);
    const { process, pane: sight } = look;
    const pane = sight.evidence;
    const hasProcess = peer.agent_pid !== undefined && peer.agent_started !== undefined;
    const fails = pane === "fail" ? (this.#paneFails.get(peer.peer_id) ?? 0) + 1 : 0;
    if (fails > 0) this.#paneFails.set(peer.peer_id, fails);
    else this.#paneFails.delete(peer.peer_id);
    const paneGone = pongsWithoutPane >= failuresThatCount || (!hasProcess && fails >= failuresThatCount);
    // What called and was taken offline since then is away: its next call brings it back by itself.
    const contact = peer.status !== "offline" && this.#host.clock.now() - this.#peers.lastSeenMs(peer.peer_id) < this.#limits.contactMs;
    return { ...known, process, pane, paneGone, contact };
  }

  #live(peer: PeerRecord): void {
    if (peer.status === "offline") {
      // That its agent runs is no link: its socket, or a call of its own, is still to come.
      if (!isAwaited(peer)) this.#peers.event(peer.peer_id, { type: "seen" });
      return;
    }
    const { staleBusyMs } = this.#limits;
    const isStale = peer.status === "busy" && peer.turn_state === "working" && this.#silentMs(peer) >= staleBusyMs;
    if (staleBusyMs > 0 && isStale) this.#peers.event(peer.peer_id, { type: "stale" });
  }

  async #absent(peer: PeerRecord, reason: string): Promise<void> {
    if (peer.status !== "offline") {
      this.#peers.event(peer.peer_id, { type: "absent", reason });
      return;
    }
    const { reapMs } = this.#limits;
    if (reapMs > 0 && this.#silentMs(peer) >= reapMs) await this.#peers.retire(peer.peer_id, "reaped");
  }

  #failed({ peer_id }: PeerRecord, error: unknown): void {
    this.#host.log("warn", "peer.repair_failed", { peer_id, error: String(error) });
  }

  /** Since the peer's state changed last, in this life. */
  #silentMs(peer: PeerRecord): number {
    return this.#host.clock.now() - this.#peers.changedMs(peer.peer_id);
  }

  #bury(peer: PeerRecord): void {
    this.#paneFails.delete(peer.peer_id);
    const isOver = parseTime(peer.retired_at ?? "") + this.#limits.tombstoneMs <= this.#host.clock.now();
    if (isOver) this.#peers.bury(peer.peer_id);
  }

  /** A look that takes too long told nothing. */
  async #within<Look>(probe: Promise<Look>, nothing: Look): Promise<Look> {
    let cancel: CancelTimer = () => {};
    const late = new Promise<Look>((resolve) => (cancel = this.#host.clock.schedule(() => resolve(nothing), probeMs)));
    return Promise.race([probe.catch(() => nothing), late]).finally(() => cancel());
  }
}
