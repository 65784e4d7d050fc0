import type { Ask } from "../../../lib/asks/schema.js";
import type { StreamEvent } from "../../../lib/events/event.js";
import type { Message } from "../../../lib/messages/schema.js";
import type { Batch, Store } from "../../../lib/store/store.js";

/** What the world outside has said, and with it proven. */
export class Proofs {
  /** Messages of which a receiver said that they were put before its agent, or whose claim it confirmed. */
  readonly received = new Set<string>();
  /** Messages of which a receiver said anything. */
  readonly receipts = new Set<string>();
  readonly confirmed = new Set<string>();
  /** Asks that somebody replied to. */
  readonly replied = new Set<string>();
}

const final: ReadonlySet<string> = new Set(["delivered", "failed", "expired", "canceled"]);

/**
 * Stands before the store and sees every batch that is durable: holds each against what the mesh may say.
 * It lives as long as the store, over all restarts.
 */
export class Witness {
  readonly violations: string[] = [];
  /** Messages whose end is durable. */
  readonly ended = new Set<string>();
  readonly asks = new Map<string, Ask>();
  readonly messages = new Map<string, Message>();
  /** Stages of each trace. */
  readonly traces = new Map<string, string[]>();
  readonly #proofs: Proofs;
  readonly #seqs = new Map<string, number>();
  readonly #closed = new Map<string, number>();
  readonly #opened = new Map<string, number>();
  readonly #sent = new Map<string, number>();
  readonly #traceOf = new Map<string, string[]>();

  constructor(proofs: Proofs) {
    this.#proofs = proofs;
  }

  get closedAsks(): number {
    return this.#closed.size;
  }

  /** The store, watched. */
  over(store: Store): Store {
    const { buffer: _own, ...plain } = store;
    return {
      ...plain,
      commit: async (batch) => {
        await store.commit(batch);
        this.#see(batch);
      },
    };
  }

  /** What only the whole shows: each record has its events, each event its record. */
  lookBack(): void {
    for (const { correlation_id: id, state } of this.asks.values()) {
      const [opened, closed] = [this.#opened.get(id) ?? 0, this.#closed.get(id) ?? 0];
      const stages = this.traces.get(id) ?? [];
      const traced = stages.filter((stage) => stage === "closed").length;
      const ends = state === "closed" ? 1 : 0;
      if (opened !== 1) this.#wrong(`${id} was opened ${opened} times in the feed`);
      if (closed !== ends) this.#wrong(`${id} is ${state} and was closed ${closed} times in the feed`);
      if (traced !== ends) this.#wrong(`${id} is ${state} and its trace says closed ${traced} times`);
    }
    for (const id of this.messages.keys()) {
      const sent = this.#sent.get(id) ?? 0;
      if (sent !== 1) this.#wrong(`${id} was sent ${sent} times in the feed`);
    }
  }

  #wrong(text: string): void {
    this.violations.push(text);
  }

  #see({ appends = [], puts = [], drops = [] }: Batch): void {
    for (const { collection, record } of puts) {
      if (collection === "asks") this.#ask(record as Ask);
      if (collection === "messages") this.#message(record as Message);
    }
    for (const { stream, events } of appends) {
      for (const event of events) this.#event(stream, event);
    }
    for (const stream of drops) this.#seqs.delete(stream);
  }

  #ask(ask: Ask): void {
    const before = this.asks.get(ask.correlation_id);
    if (before?.state === "closed") {
      if (ask.state === "open") this.#wrong(`${ask.correlation_id} is open again`);
      if (ask.close_reason !== before.close_reason || ask.reply_text !== before.reply_text)
        this.#wrong(`${ask.correlation_id} ended ${before.close_reason}, then ${ask.close_reason}`);
    }
    this.asks.set(ask.correlation_id, ask);
  }

  #message(message: Message): void {
    const { delivery_id, delivery_state, correlation_id = "", trace_id } = message;
    const before = this.messages.get(delivery_id);
    this.messages.set(delivery_id, message);
    const ids = this.#traceOf.get(trace_id) ?? [];
    if (!before) this.#traceOf.set(trace_id, [...ids, delivery_id]);
    if (before && final.has(before.delivery_state) && delivery_state !== before.delivery_state)
      this.#wrong(`${delivery_id} was ${before.delivery_state}, then ${delivery_state}`);
    if (final.has(delivery_state)) this.ended.add(delivery_id);
    if (delivery_state !== "delivered" || before?.delivery_state === "delivered") return;
    const isProven = this.#proofs.received.has(delivery_id) || (message.kind === "ask" && this.#proofs.replied.has(correlation_id));
    if (!isProven) this.#wrong(`${delivery_id} is delivered, and nobody proved it`);
  }

  #event(stream: string, { seq, type, payload }: StreamEvent): void {
    const last = this.#seqs.get(stream) ?? 0;
    if (seq !== last + 1) this.#wrong(`${stream} has ${seq} after ${last}`);
    this.#seqs.set(stream, seq);
    if (stream === "feed") this.#told(type, payload);
    else if (stream.startsWith("trace:")) this.#stage(stream.slice("trace:".length), type);
  }

  #told(type: string, payload: StreamEvent["payload"]): void {
    const [ask, message] = [String(payload["correlation_id"]), String(payload["delivery_id"])];
    if (type === "ask.opened") count(this.#opened, ask);
    if (type === "ask.closed") count(this.#closed, ask);
    if (type === "message.sent") count(this.#sent, message);
    if (type === "ask.delivered" && !this.#proofs.received.has(message) && !this.#proofs.replied.has(ask))
      this.#wrong(`the feed says of ${ask} that it was delivered, and nobody proved it`);
  }

  #stage(trace_id: string, stage: string): void {
    const stages = this.traces.get(trace_id) ?? [];
    this.traces.set(trace_id, [...stages, stage]);
    const of = this.#traceOf.get(trace_id) ?? [];
    const { receipts, received, confirmed } = this.#proofs;
    const has = (proofs: ReadonlySet<string>): boolean => of.some((id) => proofs.has(id));
    const isProven =
      stage === "pane_injected" ? has(received) : stage === "hook_received" ? has(receipts) : stage === "confirmed" ? has(confirmed) : true;
    if (!isProven) this.#wrong(`the trace ${trace_id} says ${stage}, and nobody proved it`);
    if (stage === "reply_delivered" && !["pulled", "delivered"].includes(this.asks.get(trace_id)?.reply_state ?? ""))
      this.#wrong(`the trace ${trace_id} says reply_delivered, its ask ${this.asks.get(trace_id)?.reply_state}`);
  }
}

function count(counts: Map<string, number>, id: string): void {
  counts.set(id, (counts.get(id) ?? 0) + 1);
}
