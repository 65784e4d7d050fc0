import { AnodeError } from "../errors.js";
import { joinSteps } from "../events/join-steps.js";
import { isDurable } from "../events/storage-full.js";
import type { Step } from "../events/step.js";
import type { MeshParts } from "../peers/parts.js";
import { Records } from "../store/records.js";
import type { Put } from "../store/store.js";
import { formatTime } from "../system-host.js";
import type { StageDraft, Traces } from "../traces/traces.js";
import { expiredDraft, stateDraft } from "./drafts.js";
import { Queues } from "./queue.js";
import type { DeliveryState, Message } from "./schema.js";

/** The store's collection of messages. */
export const messageCollection = "messages";

const waiting: ReadonlySet<DeliveryState> = new Set(["queued", "claimed"]);
const final: ReadonlySet<DeliveryState> = new Set(["delivered", "failed", "expired", "canceled"]);

/** Whether a message still waits for its way to the peer. */
export function isWaiting({ delivery_state }: Pick<Message, "delivery_state">): boolean {
  return waiting.has(delivery_state);
}

/** What else changes in the step that brings a message into a new state: the ask that shows it. */
export type Moved = (message: Message) => Step;

/** The messages of which more is to come: those that wait, who has them just now, and how they come further. */
export class Mail {
  readonly #parts: MeshParts;
  readonly #traces: Traces;
  readonly #moved: Moved;
  readonly #queues = new Queues();
  /** Waiting messages, and those that became an input of a run, of which more will be heard. */
  readonly #records = new Records<Message>(messageCollection);
  /** Who has a waiting message just now: the step that stores it, a channel, a claim. Nobody else sends it meanwhile. */
  readonly #holders = new Map<string, object>();

  constructor(parts: MeshParts, traces: Traces, moved: Moved) {
    this.#parts = parts;
    this.#traces = traces;
    this.#moved = moved;
  }

  /** Takes over what waits; leases of a former life are over. */
  async open(): Promise<void> {
    await this.#records.load(this.#parts.store, { delivery_state: ["queued", "claimed"] });
    await this.#traces.takeUp([...this.#records.values()].map(({ trace_id }) => trace_id));
    const steps: Step[] = [];
    for (const message of [...this.#records.values()]) {
      this.#queues.set(message);
      if (message.delivery_state === "claimed") steps.push(this.change(message, "queued"));
    }
    if (steps.length > 0) await this.#parts.journal.append(joinSteps(...steps)).committed;
  }

  get queued(): number {
    return this.#queues.size;
  }

  /** All that waits. */
  all(): Message[] {
    return [...this.#queues.values()];
  }

  /** Messages that wait for a peer, oldest first, claimed ones included. */
  waiting(peer_id: string): Message[] {
    return this.#queues.of(peer_id);
  }

  waitingCount(peer_id: string): number {
    return this.#queues.count(peer_id);
  }

  /** Whether one that waits for a peer is such; `holder` is who has it just now. */
  someWaits(peer_id: string, is: (holder: object | undefined) => boolean): boolean {
    return this.#queues.some(peer_id, ({ delivery_id }) => is(this.#holders.get(delivery_id)));
  }

  /** Waiting messages of a peer that nobody has, oldest first. */
  free(peer_id: string): Message[] {
    return this.#queues.of(peer_id).filter((message) => !this.isHeld(message));
  }

  /** A message of which more is to come, as it is now. */
  current(delivery_id: string): Message | undefined {
    const message = this.#records.get(delivery_id);
    return message && !final.has(message.delivery_state) ? message : undefined;
  }

  /** The same, taken up again from the store when it is there alone. */
  async recall(delivery_id: string): Promise<Message | undefined> {
    if (this.#records.get(delivery_id)) return this.current(delivery_id);
    const stored = await this.#parts.store.get(messageCollection, delivery_id);
    const isOver = !stored || final.has((stored.record as Message).delivery_state);
    if (this.#records.get(delivery_id)) return this.current(delivery_id);
    if (isOver) return undefined;
    await this.#traces.takeUp([this.#records.adopt(stored).trace_id]);
    return this.current(delivery_id);
  }

  /** @throws `message_not_found` */
  async get(delivery_id: string): Promise<Message> {
    const known = this.#records.get(delivery_id) ?? (await this.#parts.store.get(messageCollection, delivery_id))?.record;
    if (known) return known as Message;
    throw new AnodeError("message_not_found", "There is no message of this id, or it is no longer kept.");
  }

  /** A new message waits from now on; the put belongs into the step that stores it. */
  add(message: Message): Put {
    this.#queues.set(message);
    return this.#records.put(message.delivery_id, message);
  }

  /** The step that stored it was refused. */
  undo(message: Message, puts: readonly Put[]): void {
    this.#queues.delete(message);
    this.#records.undo(puts);
  }

  /** From now on this holder alone decides about a waiting message. */
  hold({ delivery_id }: Message, holder: object): void {
    this.#holders.set(delivery_id, holder);
  }

  isHeld({ delivery_id }: Message): boolean {
    return this.#holders.has(delivery_id);
  }

  /** Gives a message back. False when it was not this holder's any more. */
  release({ delivery_id }: Message, holder: object): boolean {
    return this.#holders.get(delivery_id) === holder && this.#holders.delete(delivery_id);
  }

  /** The step that brings a message into a state; whoever takes it appends it. */
  change(message: Message, state: DeliveryState, also: Partial<Message> = {}): Step {
    return this.#changed(message, state, also).step;
  }

  /** Brings a message into a state, with what was seen of it on the way; answers it as it was when that has to wait for space. */
  async settle(message: Message, state: DeliveryState, also: Partial<Message>, ...stages: readonly StageDraft[]): Promise<Message> {
    // In the order in which they are made: both may be about the same trace.
    const traced = this.#traces.stages(message.trace_id, ...stages);
    const { next, step } = this.#changed(message, state, also);
    return (await isDurable(this.#parts.journal.append(joinSteps(traced, step)))) ? next : message;
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
    if (isWaiting(next)) this.#queues.set(next);
    else {
      this.#queues.delete(next);
      this.#holders.delete(next.delivery_id);
    }
    // Of a run's input more will be heard soon; any other proof may come late or never.
    const leaves = isFinal || (state === "sent" && next.input_id === undefined);
    const taken = leaves ? { taken: this.#records.leaving(next.delivery_id) } : {};
    const feed = [stateDraft(next), ...(state === "expired" ? [expiredDraft(next)] : [])];
    return { next, step: joinSteps({ puts: [put], feed, ...taken }, this.#moved(next)) };
  }
}
