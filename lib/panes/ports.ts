import type { PeerRegistry } from "../peers/registry.js";
import type { KnownProcess } from "./look-at-pane.js";
import type { Probe } from "./pane-backend.js";
import type { HookFile } from "./schema.js";

/** What panes need of the registry of peers. */
export type PanePeers = Pick<PeerRegistry, "living" | "byId" | "twinOf" | "register" | "retire" | "event" | "moveTo" | "stored">;

/** What is written down beside a pane for the hooks of the agent in it; read by whoever is of the same user, and by nobody else. */
export interface HookFiles {
  /** `fail`: there is none. `unavailable`: it cannot be read, or is none of ours. */
  read(pane_id: string): Promise<Probe<HookFile>>;
  /** Replaces what was written for the file's pane, in one step. */
  write(file: HookFile): Promise<void>;
  /** Takes away what was written for a pane, unless it names another peer by now. */
  remove(pane_id: string, peer_id: string): Promise<void>;
}

/** A program that holds a peer's socket and pastes into its pane. */
export interface StartedHook extends KnownProcess {
  /** Resolves when it has ended. */
  readonly exited: Promise<unknown>;
  /** Ends it and resolves when it is gone. Whatever else has its number by then is left alone. */
  end(): Promise<void>;
}

/** Whose socket a hook holds, in which pane. */
export interface HookRequest {
  readonly peer_id: string;
  readonly pane_id: string;
  readonly backend: string;
}

/** Starts the program that holds a peer's socket. It finds the peer's token in the file of its pane. */
export type StartHook = (request: HookRequest) => Promise<StartedHook>;

/** What a peer's open socket said of itself. */
export interface SocketInfo {
  readonly pane_id?: string;
  readonly receipts: boolean;
  readonly hook_version?: number | string;
}

/** The open sockets of peers. */
export interface PaneSockets {
  of(peer_id: string): SocketInfo | undefined;
  /** Resolves as soon as a socket of this peer that names this pane is open; never after the signal's abort. */
  connected(peer_id: string, pane_id: string, signal: AbortSignal): Promise<unknown>;
  /** `ok` when the peer's socket answers in time, `fail` when it does not, `unavailable` when there is none. */
  ping(peer_id: string, timeoutMs: number): Promise<"ok" | "fail" | "unavailable">;
}

/** Whether a process is still the one that was meant. */
export type ProcessProbe = (process: KnownProcess) => "ok" | "fail" | "unavailable";
