import type { Caller } from "../../lib/caller.js";
import type { Perform } from "../../lib/contract/perform.js";
import type { Call, Upgraded } from "./call.js";

/** An upgrade that has passed the gate. */
export interface UpgradeRequest {
  readonly call: Call;
  /** Absent only where the first frame may bring the credential. */
  readonly caller?: Caller;
  readonly perform: Perform;
  readonly requestId: string;
  /** Judges a credential that came later than the head of the request. @throws `auth_invalid`, `too_many_failures` */
  prove(token: string): Promise<{ readonly caller: Caller; readonly signal: AbortSignal }>;
}

/** What serves WebSockets. */
export interface Sockets {
  readonly path: string;
  /** An upgrade without a credential is let through: its first frame must bring one. */
  readonly firstFrameAuth: boolean;
  /** Decides whether there is room, and answers who takes over the connection. @throws `too_many_streams` */
  open(request: UpgradeRequest): (upgraded: Upgraded) => void;
  /** Ends all of them, at the latest after `graceMs`. */
  close(graceMs: number): Promise<void>;
}
