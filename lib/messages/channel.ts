import type { PeerRecord } from "../peers/schema.js";
import type { Message } from "./schema.js";

/** What a channel did with a message. */
export type Handed =
  /** Proven: a receipt, a returned function. */
  | { readonly state: "delivered" }
  /** Handed over, nothing proven yet; a run's input says more later. */
  | { readonly state: "sent"; readonly input_id?: string }
  /** Not now: it waits, and goes when the channel asks for it. */
  | { readonly state: "queued"; readonly reason: "not_idle" }
  /** Not taken. */
  | { readonly state: "failed"; readonly detail?: string };

/** A live way to a peer. One that is there may still not take a message. */
export interface Channel {
  readonly kind: "run" | "in_process" | "websocket";
  /** Hands the message over; never rejects. Calls for one peer begin in the order of the messages. */
  push(message: Message, peer: PeerRecord): Promise<Handed>;
}

/** A function that takes a service's messages within the process; what it returns is the reply to an ask. */
export type InProcessReceiver = (message: Message) => Promise<string | void> | string | void;
