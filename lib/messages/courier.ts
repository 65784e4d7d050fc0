import { AnodeError } from "../errors.js";
import { joinSteps } from "../events/join-steps.js";
import type { Step } from "../events/journal.js";
import type { CancelTimer } from "../host.js";
import { randomHexId } from "../ids.js";
import type { MeshParts } from "../peers/parts.js";
import type { PeerRecord } from "../peers/schema.js";
import { Records } from "../store/records.js";
import type { Put } from "../store/store.js";
import { formatTime, parseTime } from "../system-host.js";
import type { StageDraft, Traces } from "../traces/traces.js";
import type { Channel, Handed } from "./channel.js";
import { expiredDraft, sentDraft, stateDraft } from "./drafts.js";
import type { ReceiptStatus } from "./frames.js";
import { Queues } from "./queue.js";
import type { DeliveryState, Message, MessageKind } from "./schema.js";

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

/** Holds a message while a channel has it. */
class Handing {
  readonly channel: Channel;

  constructor(channel: Channel) {
    this.channel = channel;
  }
}

/** Brings messages to peers: stored before they leave, never called delivered without proof, never dropped silently. */
export class Courier {
  readonly #parts: MeshParts;
  readonly #traces: Traces;
  readonly #ports: CourierPorts;
  readonly #queues = new Queues();
  /** Waiting messages, and those that became an input of a run, of which more will be heard. */
  readonly #records = new Records<Message>(messageCollection);
  /** Who has a waiting message just now: the step that stores it, a channel, a claim. Nobody else sends it meanwhile. */
  readonly #holders = new Map<string, object>();
  /** Peers whose channel did not take what waits: it is tried again after a while, or when the channel says so. */
  readonly #paused = new Map<string, CancelTimer>();
  /** Receipts of messages that are not in memory any more, in their order. */
  readonly #late = new Map<string, Promise<void>>();
  #isClosed = false;

  constructor(parts: MeshParts, traces: Traces, ports: CourierPorts) {
    this.#parts = parts;
    this.#traces = traces;
    this.#ports = ports;
  }

  /** Takes over what waits; leases of a former life are over. */
  async open(): Promise<void> {
    await this.#records.load(this.#parts.store, { delivery_state: ["queued", "claimed"] });
    const steps: Step[] = [];
    for (const message of [...this.#records.values()]) {
      this.#queues.set(message);
      if (message.delivery_state === "claimed") steps.push(this.change(message, "queued"));
    }
    if (steps.length > 0) await this.#parts.journal.append(joinSteps(...steps)).committed;
  }

  /** Changes nothing any more: what is under way is found in the store by the next life. */
  close(): void {
    this.#isClosed = true;
    for (const cancel of this.#paused.values()) cancel();
    this.#paused.clear();
  }

  /** Messages that wait for a peer, oldest first, claimed ones included. */
  waiting(peer_id: string): Message[] {
    return this.#queues.of(peer_id);
  }

  get queued(): number {
    return this.#queues.size;
  }

  /** A message of which more is to come, as it is now. */
  current(delivery_id: string): Message | undefined {
    const message = this.#records.get(delivery_id);
    return message && !final.has(message.delivery_state) ? message : undefined;
  }

  /** @throws `message_not_found` */
  async get(delivery_id: string): Promise<Message> {
    const known = this.#records.get(delivery_id) ?? (await this.#parts.store.get(messageCollection, delivery_id))?.record;
    if (known) return known as Message;
    throw new AnodeError("message_not_found", "There is no message of this id, or it is no longer kept.");
  }

  /**
   * Stores a message and tries the peer's channel.
   * @throws `inbox_full`, `peer_retired`, `storage_full`; with `fail` as the way out `no_live_transport` and `injection_failed`, after `failed` was committed
   */
  async post(draft: MessageDraft, options: PostOptions = {}): Promise<Message> {
    const { to } = draft;
    // It may be gone since it was found.
    if (this.#ports.peer(to.peer_id)?.retired_at !== undefined)
      throw new AnodeError("peer_retired", `The peer ${to.display_name} is retired.`);
    this.assertRoom(to);
    const channel = this.#ports.channelOf(to);
    const isIdle = channel?.holds?.(to, false) !== "not_idle";
    const goesNow = channel !== undefined && this.#goes(channel, to);
    const message: Message = { ...this.#made(draft), ...(!isIdle && { reason: "not_idle" }) };
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
    const puts = [this.#records.put(message.delivery_id, message)];
    const storing = {};
    this.#queues.set(message);
    this.hold(message, storing);
    const step = joinSteps({ puts, feed: [sentDraft(message)] }, traced, options.also?.(message) ?? {});
    try {
      await this.#parts.journal.append({ ...step, whenFull: "refuse" }).committed;
    } catch (error) {
      this.release(message, storing);
      this.#queues.delete(message);
      this.#records.undo(puts);
      this.#traces.undo(message.trace_id, traced);
      options.undo?.(step.puts ?? []);
      throw error;
    }
    // Until it is released it stands in nobody's way, its own included.
    const peer = this.#ports.peer(to.peer_id) ?? to;
    const now = this.#ports.channelOf(peer);
    const goes = now !== undefined && this.#goes(now, peer);
    this.release(message, storing);
    // It may have its end already: with its peer, with its ask.
    const still = this.current(message.delivery_id);
    if (still && goes) return this.#push(still, now, peer, options, false);
    if (now) this.drain(peer.peer_id);
    else if (still && options.whenUnavailable === "fail" && !this.canPull(peer)) return this.#fail(still, "no_live_transport", options);
    return this.get(message.delivery_id);
  }

  /** Sends what waits for a peer, in order, as far as its channel takes it. */
  drain(peer_id: string): void {
    const peer = this.#ports.peer(peer_id);
    const mayGo = peer && peer.retired_at === undefined && !this.#paused.has(peer_id) && !this.#isClosed;
    const channel = mayGo ? this.#ports.channelOf(peer) : undefined;
    if (!peer || !channel) return;
    const isReplay = channel.kind === "websocket";
    // What an older channel still has comes back into its place first.
    if (this.#queues.some(peer_id, ({ delivery_id }) => this.#isWith(delivery_id, channel))) return;
    for (const message of this.free(peer_id)) {
      if (channel.holds?.(peer, isReplay) !== undefined) return;
      if (isReplay) {
        this.#parts.journal.append(joinSteps(this.change(message, "claimed"), this.#traces.stages(message.trace_id, { stage: "claimed" })));
      }
      this.#push(this.#records.get(message.delivery_id) ?? message, channel, peer, {}, isReplay).catch((error: unknown) =>
        this.#parts.host.log("warn", "message.not_settled", { delivery_id: message.delivery_id, error: String(error) }),
      );
    }
  }

  /** The channel of a peer is there, or takes messages again. */
  resume(peer_id: string): void {
    this.#paused.get(peer_id)?.();
    this.#paused.delete(peer_id);
    this.drain(peer_id);
  }

  /** Waiting messages of a peer that nobody has, oldest first. */
  free(peer_id: string): Message[] {
    return this.#queues.of(peer_id).filter(({ delivery_id }) => !this.#holders.has(delivery_id));
  }

  /** From now on this holder alone decides about a waiting message. */
  hold({ delivery_id }: Message, holder: object): void {
    this.#holders.set(delivery_id, holder);
  }

  /** Gives a message back. False when it was not this holder's any more. */
  release({ delivery_id }: Message, holder: object): boolean {
    return this.#holders.get(delivery_id) === holder && this.#holders.delete(delivery_id);
  }

  /**
   * Takes note of a receipt that came when nobody waited for it any more. False for a message that is not this peer's.
   * What is final stays as it is.
   */
  async receipt(peer_id: string, delivery_id: string, status: ReceiptStatus, detail?: string): Promise<boolean> {
    let isOwn = false;
    const before = this.#late.get(delivery_id) ?? Promise.resolve();
    const task = before.then(async () => {
      const message = await this.#taken(delivery_id);
      isOwn = message?.to_peer_id === peer_id;
      if (message && isOwn) await this.#receipted(message, status, detail);
    });
    const settled = task.catch((error: unknown) => this.#parts.host.log("warn", "receipt.lost", { delivery_id, error: String(error) }));
    this.#late.set(delivery_id, settled);
    await settled;
    if (this.#late.get(delivery_id) === settled) this.#late.delete(delivery_id);
    return isOwn;
  }

  /** The step that brings a message into a state; whoever takes it appends it. */
  change(message: Message, state: DeliveryState, also: Partial<Message> = {}): Step {
    return this.#changed(message, state, also).step;
  }

  /** Ends the messages that wait for a peer which is gone; for the step that retires it. */
  endFor(peer_id: string): Step {
    this.#paused.get(peer_id)?.();
    this.#paused.delete(peer_id);
    const steps = this.#queues.of(peer_id).map((message) => {
      const traced = this.#traces.stages(message.trace_id, { stage: "expired", status: "fail", detail: { reason: "peer_retired" } });
      return joinSteps(traced, this.change(message, "expired", { reason: "peer_retired" }));
    });
    return joinSteps(...steps);
  }

  /** Ends what has waited too long, and tries what still waits. */
  sweep(): void {
    const now = this.#parts.host.clock.now();
    const peers = new Set<string>();
    for (const message of [...this.#queues.values()]) {
      if (this.#holders.has(message.delivery_id)) continue;
      peers.add(message.to_peer_id);
      if (parseTime(message.expires_at) > now) continue;
      const traced = this.#traces.stages(message.trace_id, { stage: "expired", status: "fail" });
      this.#parts.journal.append(joinSteps(traced, this.change(message, "expired")));
    }
    for (const peer_id of peers) this.drain(peer_id);
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

  /** Whether a new message may go at once: the channel takes it, and nothing that is older waits. */
  #goes(channel: Channel, to: PeerRecord): boolean {
    const isBefore = ({ delivery_id }: Message): boolean => !this.#holders.has(delivery_id) || this.#isWith(delivery_id, channel);
    return channel.holds?.(to, false) === undefined && !this.#queues.some(to.peer_id, isBefore);
  }

  /** Whether a message is just being handed over by another channel than this. */
  #isWith(delivery_id: string, channel: Channel): boolean {
    const holder = this.#holders.get(delivery_id);
    return holder instanceof Handing && holder.channel !== channel;
  }

  async #push(message: Message, channel: Channel, to: PeerRecord, options: PostOptions, isReplay: boolean): Promise<Message> {
    const holder = new Handing(channel);
    this.hold(message, holder);
    const handed = await channel.push(message, to, isReplay);
    this.release(message, holder);
    const settled = this.#handed(message, handed, options);
    // There may be a newer channel that waited for this one.
    if (handed.state === "queued" && handed.reason === "disconnected") this.drain(to.peer_id);
    return settled;
  }

  /** Takes note of what a channel did. @throws `injection_failed` when a refusal is to fail */
  async #handed(message: Message, handed: Handed, options: PostOptions): Promise<Message> {
    const now = this.#records.get(message.delivery_id);
    // A receipt or the end of the peer came in between.
    if (!now || !waiting.has(now.delivery_state) || this.#isClosed) return this.get(message.delivery_id);
    const { stages = [] } = handed;
    switch (handed.state) {
      case "failed": {
        const { detail } = handed;
        const failed: StageDraft = { stage: "injection_failed", status: "fail", ...(detail !== undefined && { detail: { detail } }) };
        if (options.whenRefused === "fail") return this.#fail(now, "injection_failed", options, [...stages, failed]);
        this.#pause(now.to_peer_id);
        return this.#settle(now, "queued", { reason: "injection_failed" }, ...stages, failed);
      }
      case "queued": {
        const { reason } = handed;
        if (reason === "lease_over") this.#pause(now.to_peer_id);
        return this.#settle(now, "queued", { reason }, ...stages, { stage: reason === "not_idle" ? "deferred" : "pending" });
      }
      default: {
        const { input_id } = handed.state === "sent" ? handed : {};
        const also = handed.state === "sent" ? (input_id === undefined ? { reason: "unverified" } : { input_id }) : {};
        const settled = this.#settle(now, handed.state, also, ...stages);
        this.drain(now.to_peer_id);
        return settled;
      }
    }
  }

  /** What a channel has just refused is not offered to it again at once. */
  #pause(peer_id: string): void {
    if (this.#paused.has(peer_id)) return;
    const { host, limits } = this.#parts;
    this.#paused.set(
      peer_id,
      host.clock.schedule(() => this.resume(peer_id), limits.claimMs),
    );
  }

  async #receipted(message: Message, status: ReceiptStatus, detail: string | undefined): Promise<void> {
    const came: StageDraft = { stage: "hook_received" };
    if (status === "injected") {
      const settled = this.#settle(message, "delivered", {}, came, { stage: "pane_injected" });
      this.drain(message.to_peer_id);
      await settled;
    } else if (message.delivery_state === "sent") {
      const failed: StageDraft = { stage: "injection_failed", status: "fail", ...(detail !== undefined && { detail: { detail } }) };
      await this.#settle(message, "failed", { reason: "injection_failed" }, came, failed);
    }
  }

  /** A message that is not final, taken from the store when it is not in memory. */
  async #taken(delivery_id: string): Promise<Message | undefined> {
    if (this.#records.get(delivery_id)) return this.current(delivery_id);
    const stored = await this.#parts.store.get(messageCollection, delivery_id);
    const isOver = !stored || final.has((stored.record as Message).delivery_state);
    if (this.#records.get(delivery_id)) return this.current(delivery_id);
    return isOver ? undefined : this.#records.adopt(stored);
  }

  #stays(message: Message, to: PeerRecord, channel: Channel | undefined, options: PostOptions): StageDraft[] {
    if (channel) {
      const turn = to.turn_state === undefined ? {} : { detail: { turn_state: to.turn_state } };
      return [message.reason === "not_idle" ? { stage: "deferred", ...turn } : { stage: "pending" }];
    }
    const fails = options.whenUnavailable === "fail" && !this.canPull(to);
    return [fails ? { stage: "no_connection", status: "fail", peer_id: message.to_peer_id } : { stage: "pending" }];
  }

  async #fail(
    message: Message,
    code: "no_live_transport" | "injection_failed",
    options: PostOptions,
    stages: readonly StageDraft[] = [],
  ): Promise<never> {
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
    // In the order in which they are made: both may be about the same trace.
    const traced = this.#traces.stages(message.trace_id, ...stages);
    const { next, step } = this.#changed(message, state, also);
    await this.#parts.journal.append(joinSteps(traced, step)).committed;
    return next;
  }

  #changed(message: Message, state: DeliveryState, also: Partial<Message>): { readonly next: Message; readonly step: Step } {
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
    else {
      this.#queues.delete(next);
      this.#holders.delete(next.delivery_id);
    }
    // Of a run's input more will be heard soon; any other proof may come late or never.
    const leaves = isFinal || (state === "sent" && next.input_id === undefined);
    const taken = leaves ? { taken: this.#records.leaving(next.delivery_id) } : {};
    const feed = [stateDraft(next), ...(state === "expired" ? [expiredDraft(next)] : [])];
    return { next, step: joinSteps({ puts: [put], feed, ...taken }, this.#ports.moved?.(next) ?? {}) };
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
