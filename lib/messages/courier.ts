import { AnodeError } from "../errors.js";
import { joinSteps } from "../events/join-steps.js";
import type { Draft, Step } from "../events/journal.js";
import { randomHexId } from "../ids.js";
import type { MeshParts } from "../peers/registry.js";
import type { PeerRecord } from "../peers/schema.js";
import { Records } from "../store/records.js";
import type { Put } from "../store/store.js";
import { formatTime, parseTime } from "../system-host.js";
import type { StageDraft, Traces } from "../traces/traces.js";
import type { Channel, Handed } from "./channel.js";
import { Queues } from "./queue.js";
import type { Delivery, DeliveryState, Message, MessageKind } from "./schema.js";

/** The store's collection of messages. */
export const messageCollection = "messages";

/** A message before it has an id. */
export interface MessageDraft
  extends Partial<
    Pick<Message, "attachments" | "correlation_id" | "reply_to" | "question" | "close_reason" | "answer" | "via" | "circle">
  > {
  readonly kind: MessageKind;
  readonly from: PeerRecord;
  readonly to: PeerRecord;
  readonly text: string;
  /** The trace it belongs to. @defaultValue its own */
  readonly trace_id?: string;
}

/** How a message is sent. */
export interface PostOptions {
  /** What happens in the same step: the ask it belongs to, the kept reply of an idempotent call. */
  also?(message: Message): Step;
  /** The step was refused as a whole: what `also` changed is to be taken back. */
  undo?(puts: readonly Put[]): void;
  /** What happens in the step in which it turns out that it does not get there. */
  failed?(message: Message): Step;
  /** A peer without a channel that cannot pull. @defaultValue "queue" */
  readonly whenUnavailable?: "fail" | "queue";
  /** A channel that did not take it. @defaultValue "queue" */
  readonly whenRefused?: "fail" | "queue";
}

/** What the courier asks of others. */
export interface CourierPorts {
  /** The first live way to a peer. */
  channelOf(peer: PeerRecord): Channel | undefined;
  /** The peer of an id as it is now. */
  peer(peer_id: string): PeerRecord | undefined;
  /** What else changes in the step that brings a message into a new state: the ask that shows it. */
  moved?(message: Message): Step;
}

const pulling: ReadonlySet<string> = new Set(["claude-code", "codex", "gemini", "opencode", "service"]);
const waiting: ReadonlySet<DeliveryState> = new Set(["queued", "claimed"]);
const final: ReadonlySet<DeliveryState> = new Set(["delivered", "failed", "expired", "canceled"]);

/** Brings messages to peers: stored before they leave, never called delivered without proof, never dropped silently. */
export class Courier {
  readonly #parts: MeshParts;
  readonly #traces: Traces;
  readonly #ports: CourierPorts;
  readonly #queues = new Queues();
  /** Messages that are not final: waiting ones, and sent ones whose proof may still come. */
  readonly #records = new Records<Message>(messageCollection);

  constructor(parts: MeshParts, traces: Traces, ports: CourierPorts) {
    this.#parts = parts;
    this.#traces = traces;
    this.#ports = ports;
  }

  /** Takes over what waits; leases of a former life are over. */
  async open(): Promise<void> {
    await this.#records.load(this.#parts.store, { delivery_state: ["queued", "claimed"] });
    for (const message of [...this.#records.values()]) {
      if (message.delivery_state === "claimed") await this.#parts.journal.append(this.change(message, "queued")).committed;
      else this.#queues.set(message);
    }
  }

  /** Messages that wait for a peer, oldest first, claimed ones included. */
  waiting(peer_id: string): Message[] {
    return this.#queues.of(peer_id);
  }

  get queued(): number {
    return this.#queues.size;
  }

  /** A message that is not final, as it is now. */
  current(delivery_id: string): Message | undefined {
    return this.#records.get(delivery_id);
  }

  /** @throws `message_not_found` */
  async get(delivery_id: string): Promise<Message> {
    const known = this.#records.get(delivery_id) ?? (await this.#parts.store.get(messageCollection, delivery_id))?.record;
    if (known) return known as Message;
    throw new AnodeError("message_not_found", "There is no message of this id, or it is no longer kept.");
  }

  /**
   * Stores a message and tries the peer's channel.
   * @throws `inbox_full`, `storage_full`; with `fail` as the way out `no_live_transport` and `injection_failed`, after `failed` was committed
   */
  async post(draft: MessageDraft, options: PostOptions = {}): Promise<Message> {
    const { to } = draft;
    this.assertRoom(to);
    const channel = this.#ports.channelOf(to);
    const goesNow = channel !== undefined && !this.#queues.of(to.peer_id).some((message) => message.delivery_state === "queued");
    const message = this.#made(draft);
    const stages: StageDraft[] =
      draft.kind === "reply"
        ? []
        : [
            { stage: "created", from_peer_id: draft.from.peer_id },
            { stage: "resolved_peer", peer_id: to.peer_id },
            ...(channel ? [{ stage: "routed", detail: { channel: channel.kind } }] : []),
            ...(goesNow ? [] : this.#stays(message, to, channel, options)),
          ];
    // A reply goes on in its ask's trace, a broadcast's messages in one that is there.
    const isOwnTrace = draft.kind !== "reply" && !this.#traces.has(message.trace_id);
    const traced = isOwnTrace
      ? this.#traces.begin(message.trace_id, message.kind, ...stages)
      : this.#traces.stages(message.trace_id, ...stages);
    const puts: Put[] = [this.#records.put(message.delivery_id, message)];
    this.#queues.set(message);
    const step = joinSteps({ puts, feed: [sentDraft(message)] }, traced, options.also?.(message) ?? {});
    try {
      await this.#parts.journal.append({ ...step, whenFull: "refuse" }).committed;
    } catch (error) {
      this.#queues.delete(message);
      this.#records.undo(puts);
      this.#traces.undo(message.trace_id, traced);
      options.undo?.(step.puts ?? []);
      throw error;
    }
    if (goesNow) return this.push(message, channel, to, options);
    if (channel || options.whenUnavailable !== "fail" || this.canPull(to)) return message;
    return this.#fail(message, "no_live_transport", options);
  }

  /** Hands a waiting message to a channel, and takes note of what became of it. @throws as {@link Courier.post} */
  async push(message: Message, channel: Channel, to: PeerRecord, options: PostOptions = {}): Promise<Message> {
    // While the channel has it, nobody else sends it: it is held, in memory alone.
    this.#queues.set({ ...message, delivery_state: "claimed" });
    return this.handed(message, await channel.push(message, to), options);
  }

  /** Takes note of what a channel did. @throws `injection_failed` when a refusal is to fail */
  async handed(message: Message, handed: Handed, options: PostOptions = {}): Promise<Message> {
    const now = this.#records.get(message.delivery_id);
    // A claim, a receipt or the end of the peer came in between.
    if (!now || final.has(now.delivery_state)) return this.get(message.delivery_id);
    if (handed.state === "failed") {
      if (options.whenRefused === "fail") return this.#fail(now, "injection_failed", options, handed.detail);
      return this.#settle(
        now,
        "queued",
        { reason: "injection_failed" },
        { stage: "injection_failed", status: "fail", ...detailOf(handed) },
      );
    }
    if (handed.state === "queued") return this.#settle(now, "queued", { reason: handed.reason }, { stage: "deferred" });
    if (handed.state === "sent" && handed.input_id === undefined) return this.#settle(now, "sent", { reason: "unverified" });
    const input = handed.state === "sent" && handed.input_id !== undefined ? { input_id: handed.input_id } : {};
    return this.#settle(now, handed.state, input);
  }

  /** The step that brings a message into a state; whoever takes it appends it. */
  change(message: Message, state: DeliveryState, also: Partial<Message> = {}): Step {
    const { reason: _old, ...rest } = message;
    const isFinal = final.has(state);
    const next: Message = {
      ...rest,
      ...also,
      delivery_state: state,
      ...(isFinal && { ended_at: formatTime(this.#parts.host.clock.now()) }),
    };
    const put = this.#records.put(message.delivery_id, next);
    if (waiting.has(state)) this.#queues.set(next);
    else this.#queues.delete(next);
    if (isFinal) this.#records.forget(message.delivery_id);
    const expired: Draft[] = state === "expired" ? [{ ...stateDraft(next), type: "message.expired" }] : [];
    return joinSteps({ puts: [put], feed: [stateDraft(next), ...expired] }, this.#ports.moved?.(next) ?? {});
  }

  /** Ends the messages that wait for a peer which is gone; for the step that retires it. */
  endFor(peer_id: string): Step {
    const steps = this.#queues.of(peer_id).map((message) => {
      const traced = this.#traces.stages(message.trace_id, { stage: "expired", status: "fail", detail: { reason: "peer_retired" } });
      return joinSteps(this.change(message, "expired", { reason: "peer_retired" }), traced);
    });
    return joinSteps(...steps);
  }

  /** Ends what has waited too long. */
  sweep(): void {
    const now = this.#parts.host.clock.now();
    for (const message of [...this.#queues.values()]) {
      if (message.delivery_state !== "queued" || parseTime(message.expires_at) > now) continue;
      const traced = this.#traces.stages(message.trace_id, { stage: "expired", status: "fail" });
      this.#parts.journal.append(joinSteps(this.change(message, "expired"), traced));
    }
  }

  /** @throws `inbox_full` */
  assertRoom(to: PeerRecord): void {
    const { messageQueue, personQueue } = this.#parts.limits;
    const limit = to.role === "human" ? personQueue : messageQueue;
    if (this.#queues.count(to.peer_id) < limit) return;
    throw new AnodeError("inbox_full", `${limit} messages wait for ${to.display_name} already.`, { retryAfterSeconds: 30 });
  }

  /** Whether the peer, as it is now, will come for what waits. */
  canPull(peer: PeerRecord): boolean {
    if (peer.backend === "human") return true;
    return peer.status !== "offline" && (pulling.has(peer.backend) || peer.capabilities.includes("pull"));
  }

  #stays(message: Message, to: PeerRecord, channel: Channel | undefined, options: PostOptions): StageDraft[] {
    const fails = !channel && options.whenUnavailable === "fail" && !this.canPull(to);
    return [fails ? { stage: "no_connection", status: "fail", peer_id: message.to_peer_id } : { stage: "pending" }];
  }

  async #fail(message: Message, code: "no_live_transport" | "injection_failed", options: PostOptions, detail?: string): Promise<never> {
    const stages: StageDraft[] =
      code === "injection_failed" ? [{ stage: code, status: "fail", ...(detail !== undefined && { detail: { detail } }) }] : [];
    const step = joinSteps(
      this.change(message, "failed", { reason: code }),
      this.#traces.stages(message.trace_id, ...stages),
      options.failed?.(message) ?? {},
    );
    await this.#parts.journal.append(step).committed;
    const text =
      code === "no_live_transport" ? `There is no channel to ${message.to_name}.` : `${message.to_name} did not take the message.`;
    throw new AnodeError(code, text, {
      details: { hint: code === "no_live_transport" ? 'if_unavailable: "queue" lets it wait.' : "`anode doctor <peer>` says more." },
    });
  }

  async #settle(message: Message, state: DeliveryState, also: Partial<Message>, ...stages: readonly StageDraft[]): Promise<Message> {
    const step = joinSteps(this.change(message, state, also), this.#traces.stages(message.trace_id, ...stages));
    await this.#parts.journal.append(step).committed;
    return this.get(message.delivery_id);
  }

  #made({ kind, from, to, text, trace_id, circle = from.circle, ...rest }: MessageDraft): Message {
    const delivery_id = randomHexId(this.#parts.host, "dlv");
    const { messageQueueMs, personQueueMs } = this.#parts.limits;
    const now = this.#parts.host.clock.now();
    return {
      delivery_id,
      kind,
      trace_id: trace_id ?? delivery_id,
      from_peer_id: from.peer_id,
      from_name: from.display_name,
      to_peer_id: to.peer_id,
      to_name: to.display_name,
      circle,
      text,
      ...rest,
      delivery_state: "queued",
      created_at: formatTime(now),
      expires_at: formatTime(now + (to.role === "human" ? personQueueMs : messageQueueMs)),
    };
  }
}

/** A message as the call that sent it answers. */
export function deliveryOf({ delivery_id, delivery_state, reason, from_peer_id, to_peer_id }: Message): Delivery {
  return {
    delivery_id,
    delivery_state,
    delivered: delivery_state === "delivered",
    queued: delivery_state === "queued" || delivery_state === "claimed",
    ...(reason !== undefined && { reason }),
    from_peer_id,
    to_peer_id,
  };
}

function detailOf({ detail }: { readonly detail?: string }): Pick<StageDraft, "detail"> {
  return detail === undefined ? {} : { detail: { detail } };
}

function sentDraft(message: Message): Draft {
  const { delivery_id, kind, from_peer_id, from_name, to_peer_id, to_name, circle, text, correlation_id } = message;
  return {
    type: "message.sent",
    payload: {
      delivery_id,
      kind,
      from_peer_id,
      from_name,
      to_peer_id,
      to_name,
      circle,
      text,
      ...(correlation_id !== undefined && { correlation_id }),
    },
    peer_id: to_peer_id,
  };
}

function stateDraft({ delivery_id, kind, from_peer_id, to_peer_id, delivery_state, reason, correlation_id }: Message): Draft {
  return {
    type: "message.state",
    payload: {
      delivery_id,
      kind,
      from_peer_id,
      to_peer_id,
      delivery_state,
      ...(reason !== undefined && { reason }),
      ...(correlation_id !== undefined && { correlation_id }),
    },
    peer_id: to_peer_id,
  };
}
