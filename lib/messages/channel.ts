import type { PeerRecord } from "../peers/schema.js";
import type { StageDraft } from "../traces/traces.js";
import type { Message } from "./schema.js";

/** What a channel did with a message, and what of it it saw. */
export type Handed = { readonly stages?: readonly StageDraft[] } & (
  | /** Proven: a receipt, a returned function. */ { readonly state: "delivered" }
  | /** Handed over, nothing proven yet; a run's input says more later. */ { readonly state: "sent"; readonly input_id?: string }
  | /** Not now: it waits, and goes when the channel is there and open for it again. */ {
      readonly state: "queued";
      readonly reason: "not_idle" | "disconnected" | "lease_over";
    }
  | /** Not taken. */ { readonly state: "failed"; readonly detail?: string }
);

/** A live way to a peer. One that is there may still not take a message. */
export interface Channel {
  readonly kind: "run" | "in_process" | "websocket";
  /** Why it takes nothing at this moment; absent for one that always tries. When that is over, it has the queue drained. */
  holds?(peer: PeerRecord, isReplay: boolean): "not_idle" | "busy" | undefined;
  /**
   * Hands the message over; never rejects. Calls for one peer begin in the order of the messages.
   * @param isReplay - it has waited in the queue and is claimed for this channel
   */
  push(message: Message, peer: PeerRecord, isReplay: boolean): Promise<Handed>;
}

/** A function that takes a service's messages within the process; what it returns is the reply to an ask. */
export type InProcessReceiver = (message: Message) => Promise<string | void> | string | void;
