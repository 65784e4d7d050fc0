import type { Caller } from "../caller.js";
import type { CancelTimer, Host } from "../host.js";
import type { Limits } from "../limits.js";
import type { PeerLook } from "../peers/evidence.js";
import type { PeerRecord } from "../peers/schema.js";
import { type DoctorParts, PeerDoctor } from "./doctor.js";
import { followSessions } from "./follow-sessions.js";
import { PaneLinker } from "./linker.js";
import { orphanPanesOf } from "./orphans.js";
import { PaneLocks } from "./pane-locks.js";
import type { PaneBackend } from "./pane-backend.js";
import type { PanePeers, StartHook } from "./ports.js";
import { Rehooker, type RehookParts } from "./rehooker.js";
import type { DoctorReport, LinkedPane, LinkRequest, OrphanPanes, RehookReport } from "./schema.js";

/** What panes of peers are made of. */
export interface PanesOptions extends Omit<DoctorParts, "peers" | "host">, Pick<RehookParts, "token"> {
  readonly peers: PanePeers;
  readonly startHook: StartHook;
  readonly host: Pick<Host, "clock" | "log">;
  readonly limits: Pick<Limits, "linkMs" | "rehookPingMs">;
}

const repairMs = 60_000;
const listMs = 5_000;

/** The panes of this host and the peers in them. Open it after the registry of peers, close it before. */
export class Panes {
  readonly #options: PanesOptions;
  readonly #linker: PaneLinker;
  readonly #rehooker: Rehooker;
  readonly #doctor: PeerDoctor;
  #cancelRepair: CancelTimer = () => {};
  #cancelList: CancelTimer = () => {};

  constructor(options: PanesOptions) {
    const { limits } = options;
    const locks = new PaneLocks();
    this.#options = options;
    this.#linker = new PaneLinker({ ...options, locks, linkMs: limits.linkMs });
    this.#rehooker = new Rehooker({ ...options, locks, linkMs: limits.linkMs, pingMs: limits.rehookPingMs });
    this.#doctor = new PeerDoctor(options);
  }

  /** What the panes are of. */
  get kind(): PaneBackend["kind"] {
    return this.#options.panes.kind;
  }

  /** Removes what a former life did not finish; before it, no peer is served. */
  async open(): Promise<void> {
    await this.#linker.repair();
    const repair = (): void => {
      void this.#linker.repair();
      this.#cancelRepair = this.#options.host.clock.schedule(repair, repairMs);
    };
    this.#cancelRepair = this.#options.host.clock.schedule(repair, repairMs);
    this.#armList();
  }

  #armList(): void {
    const { panes, peers, machine, host } = this.#options;
    const list = (): void => {
      this.#armList();
      followSessions(panes, peers, machine).catch((error: unknown) => host.log("warn", "panes.not_listed", { error: String(error) }));
    };
    this.#cancelList = host.clock.schedule(list, listMs);
  }

  /** The panes that are no peer's. @throws `pane_backend_unavailable` */
  orphans(): Promise<OrphanPanes> {
    return orphanPanesOf(this.#options.panes, this.#options.peers, this.#options.machine);
  }

  /** Makes a peer of a pane; all of it, or nothing. */
  link(pane: string, request: LinkRequest, caller: Caller, signal: AbortSignal): Promise<LinkedPane> {
    return this.#linker.link(pane, request, caller, signal);
  }

  /** Says how a peer gets its hook back; with `apply`, does it. */
  rehook(peer: PeerRecord, apply: boolean, signal: AbortSignal): Promise<RehookReport> {
    return this.#rehooker.rehook(peer, apply, signal);
  }

  /** Finds out how it is with a peer, and touches nothing. What was looked at just now is not looked at again. */
  examine(peer: PeerRecord, look?: PeerLook): Promise<DoctorReport> {
    return this.#doctor.examine(peer, look);
  }

  /** Undoes links under way. */
  async close(): Promise<void> {
    this.#cancelRepair();
    this.#cancelList();
    await this.#linker.close();
  }
}
