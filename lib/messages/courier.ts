import { AnodeError } from "../errors.js";
import { joinSteps } from "../events/join-steps.js";
import type { Appended, Step } from "../events/step.js";
import type { CancelTimer } from "../host.js";
import { randomHexId } from "../ids.js";
import type { MeshParts } from "../peers/parts.js";
import { isAway, type PeerRecord } from "../peers/schema.js";
import type { Put } from "../store/store.js";
import { parseTime } from "../system-host.js";
import type { StageDraft, Traces } from "../traces/traces.js";
import type { Channel, Handed } from "./channel.js";
import { type MessageDraft, newMessage, sentDraft } from "./drafts.js";
import { isWaiting, type Mail } from "./mail.js";
import type { Message } from "./schema.js";

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
}

const pulling: ReadonlySet<string> = new Set(["claude-code", "codex", "gemini", "opencode", "service"]);

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
  readonly #mail: Mail;
  readonly #traces: Traces;
  readonly #ports: CourierPorts;
  /** Peers whose channel did not take what waits: it is tried again after a while, or when the channel says so. */
  readonly #paused = new Map<string, CancelTimer>();
  #isClosed = false;

  constructor(parts: MeshParts, mail: Mail, traces: Traces, ports: CourierPorts) {
    this.#parts = parts;
    this.#mail = mail;
    this.#traces = traces;
    this.#ports = ports;
  }

  /** Changes nothing any more: what is under way is found in the store by the next life. */
  close(): void {
    this.#isClosed = true;
    for (const cancel of this.#paused.values()) cancel();
    this.#paused.clear();
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
    const message: Message = { ...newMessage(draft, this.#about(draft)), ...(!isIdle && { reason: "not_idle" }) };
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
    const puts = [this.#mail.add(message)];
    const storing = {};
    this.#mail.hold(message, storing);
    const step = joinSteps({ puts, feed: [sentDraft(message)] }, traced, options.also?.(message) ?? {});
    let stored: Appended | undefined;
    try {
      stored = this.#parts.journal.append({ ...step, whenFull: "refuse" });
      await stored.kept;
    } catch (error) {
      // What others have built on goes its way once there is space.
      const left = stored?.isHeld ? stored.committed : undefined;
      const release = (): unknown => this.#mail.release(message, storing) && this.drain(to.peer_id);
      if (left) void left.then(release, release);
      else {
        this.#mail.release(message, storing);
        this.#mail.undo(message, puts);
        this.#traces.undo(message.trace_id, traced);
        options.undo?.(step.puts ?? []);
      }
      throw error;
    }
    // Until it is released it stands in nobody's way, its own included.
    const peer = this.#ports.peer(to.peer_id) ?? to;
    const now = this.#ports.channelOf(peer);
    const goes = now !== undefined && this.#goes(now, peer);
    this.#mail.release(message, storing);
    // It may have its end already: with its peer, with its ask.
    const still = this.#mail.current(message.delivery_id);
    if (still && goes) return this.#push(still, now, peer, options, false);
    if (now) this.drain(peer.peer_id);
    else if (still && options.whenUnavailable === "fail" && !this.canPull(peer)) return this.#fail(still, "no_live_transport", options);
    return this.#mail.get(message.delivery_id);
  }

  /** Sends what waits for a peer, in order, as far as its channel takes it. */
  drain(peer_id: string): void {
    const peer = this.#ports.peer(peer_id);
    const mayGo = peer && peer.retired_at === undefined && !this.#paused.has(peer_id) && !this.#isClosed;
    const channel = mayGo ? this.#ports.channelOf(peer) : undefined;
    if (!peer || !channel) return;
    const isReplay = channel.kind === "websocket";
    // What an older channel still has comes back into its place first.
    if (this.#mail.someWaits(peer_id, (holder) => isWithOther(holder, channel))) return;
    for (const message of this.#mail.free(peer_id)) {
      if (channel.holds?.(peer, isReplay) !== undefined) return;
      if (isReplay) {
        this.#parts.journal.append(
          joinSteps(this.#mail.change(message, "claimed"), this.#traces.stages(message.trace_id, { stage: "claimed" })),
        );
      }
      this.#push(this.#mail.current(message.delivery_id) ?? message, channel, peer, {}, isReplay).catch((error: unknown) =>
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

  /** Ends the messages that wait for a peer which is gone; for the step that retires it. */
  endFor(peer_id: string): Step {
    this.#paused.get(peer_id)?.();
    this.#paused.delete(peer_id);
    const steps = this.#mail.waiting(peer_id).map((message) => {
      const traced = this.#traces.stages(message.trace_id, { stage: "expired", status: "fail", detail: { reason: "peer_retired" } });
      return joinSteps(traced, this.#mail.change(message, "expired", { reason: "peer_retired" }));
    });
    return joinSteps(...steps);
  }

  /** Ends what has waited too long, and tries what still waits. */
  sweep(): void {
    const now = this.#parts.host.clock.now();
    const peers = new Set<string>();
    for (const message of this.#mail.all()) {
      if (this.#mail.isHeld(message)) continue;
      peers.add(message.to_peer_id);
      if (parseTime(message.expires_at) > now) continue;
      const traced = this.#traces.stages(message.trace_id, { stage: "expired", status: "fail" });
      this.#parts.journal.append(joinSteps(traced, this.#mail.change(message, "expired")));
    }
    for (const peer_id of peers) this.drain(peer_id);
  }

  /** @throws `inbox_full` */
  assertRoom(to: PeerRecord): void {
    const { messageQueue, personQueue } = this.#parts.limits;
    const limit = to.role === "human" ? personQueue : messageQueue;
    if (this.#mail.waitingCount(to.peer_id) < limit) return;
    throw new AnodeError("inbox_full", `${limit} messages wait for ${to.display_name} already.`, { retryAfterSeconds: 30 });
  }

  /** Whether the peer, as it is now, will come for what waits. */
  canPull(peer: PeerRecord): boolean {
    if (peer.backend === "human") return true;
    return !isAway(peer) && (pulling.has(peer.backend) || peer.capabilities.includes("pull"));
  }

  /** Whether a new message may go at once: the channel takes it, and nothing that is older waits. */
  #goes(channel: Channel, to: PeerRecord): boolean {
    const isBefore = (holder: object | undefined): boolean => holder === undefined || isWithOther(holder, channel);
    return channel.holds?.(to, false) === undefined && !this.#mail.someWaits(to.peer_id, isBefore);
  }

  async #push(message: Message, channel: Channel, to: PeerRecord, options: PostOptions, isReplay: boolean): Promise<Message> {
    const holder = new Handing(channel);
    this.#mail.hold(message, holder);
    const handed = await channel.push(message, to, isReplay);
    this.#mail.release(message, holder);
    const settled = this.#handed(message, handed, options);
    // There may be a newer channel that waited for this one.
    if (handed.state === "queued" && handed.reason === "disconnected") this.drain(to.peer_id);
    return settled;
  }

  /** Takes note of what a channel did. @throws `injection_failed` when a refusal is to fail */
  async #handed(message: Message, handed: Handed, options: PostOptions): Promise<Message> {
    const now = this.#mail.current(message.delivery_id);
    // A receipt or the end of the peer came in between.
    if (!now || !isWaiting(now) || this.#isClosed) return this.#mail.get(message.delivery_id);
    const { stages = [] } = handed;
    switch (handed.state) {
      case "failed": {
        const { detail } = handed;
        const failed: StageDraft = { stage: "injection_failed", status: "fail", ...(detail !== undefined && { detail: { detail } }) };
        if (options.whenRefused === "fail") return this.#fail(now, "injection_failed", options, [...stages, failed]);
        this.#pause(now.to_peer_id);
        return this.#mail.settle(now, "queued", { reason: "injection_failed" }, ...stages, failed);
      }
      case "queued": {
        const { reason } = handed;
        if (reason === "lease_over") this.#pause(now.to_peer_id);
        return this.#mail.settle(now, "queued", { reason }, ...stages, { stage: reason === "not_idle" ? "deferred" : "pending" });
      }
      default: {
        const { input_id } = handed.state === "sent" ? handed : {};
        const also = handed.state === "sent" ? (input_id === undefined ? { reason: "unverified" } : { input_id }) : {};
        const settled = this.#mail.settle(now, handed.state, also, ...stages);
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
      this.#mail.change(message, "failed", { reason: code }),
      this.#traces.stages(message.trace_id, ...stages),
      options.failed?.(message) ?? {},
    );
    await this.#parts.journal.append(step).kept;
    const text =
      code === "no_live_transport" ? `There is no channel to ${message.to_name}.` : `${message.to_name} did not take the message.`;
    throw new AnodeError(code, text, {
      details: { hint: code === "no_live_transport" ? 'if_unavailable: "queue" lets it wait.' : "`anode doctor <peer>` says more." },
    });
  }

  #about({ to, delivery_id = randomHexId(this.#parts.host, "dlv") }: MessageDraft): Parameters<typeof newMessage>[1] {
    const { host, limits } = this.#parts;
    const lifeMs = to.role === "human" ? limits.personQueueMs : limits.messageQueueMs;
    return { delivery_id, nowMs: host.clock.now(), lifeMs };
  }
}

/** Whether a message is just being handed over by another channel than this. */
function isWithOther(holder: object | undefined, channel: Channel): boolean {
  return holder instanceof Handing && holder.channel !== channel;
}
