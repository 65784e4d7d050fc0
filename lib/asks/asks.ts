import { type Caller, isOwner } from "../caller.js";
import { AnodeError, isAnodeError } from "../errors.js";
import { joinSteps } from "../events/join-steps.js";
import type { Step } from "../events/journal.js";
import { randomHexId } from "../ids.js";
import type { Courier } from "../messages/courier.js";
import type { AttachedFile, Message, RepliedAnswer } from "../messages/schema.js";
import type { MeshParts, PeerRegistry, Retiring } from "../peers/registry.js";
import type { PeerRecord } from "../peers/schema.js";
import { Records } from "../store/records.js";
import { formatTime, parseTime } from "../system-host.js";
import type { Traces } from "../traces/traces.js";
import { askClosed, type AskDraft, askOf, closedDraft, idsOf, openedDraft, sameAsk } from "./ask-drafts.js";
import { replyDraft, type ReplyState, replyStateOf } from "./replies.js";
import type { Ask, CloseReason } from "./schema.js";
import { Waits } from "./waits.js";

/** The store's collection of asks. */
export const askCollection = "asks";

/** What ends an ask. */
export interface Ending {
  readonly close_reason: CloseReason;
  readonly reply_text?: string;
  readonly reply_attachments?: readonly AttachedFile[];
  readonly replied_by?: "ack" | "answer" | "turn";
  readonly answer?: RepliedAnswer;
  /** Its question ends in the same step, by itself. */
  readonly withQuestion?: boolean;
  /** What goes into the same commit. */
  readonly also?: Step;
}

/** The desk, as far as an ask with a typed question needs it. */
export interface AskQuestions {
  /**
   * The part of a step that opens the question of an ask, made in the moment of the append.
   * @throws `invalid_request` for a question nobody could answer
   */
  opening(ask: Ask): Promise<() => Step>;
  /** The part of a step that ends the question of an ask which ends otherwise. */
  ending(correlation_id: string): Step;
  /** What the end of its question means for an ask that was nowhere when that came; nothing as long as the question is open. */
  missed(correlation_id: string): Promise<Ending | undefined>;
}

/** What asks need of the rest of the mesh. */
export interface AskParts extends MeshParts {
  readonly peers: PeerRegistry;
  readonly courier: Courier;
  readonly traces: Traces;
  readonly questions: AskQuestions;
  /** What else happens in the step that closes an ask. */
  closed?(ask: Ask): Step;
}

/** These end without a word to the asker, who did it or was told in another way. */
const silent: ReadonlySet<CloseReason> = new Set(["reply_to", "canceled", "send_failed"]);

/** Asks: opened, closed once, and the reply brought back. */
export class Asks {
  readonly #parts: AskParts;
  /** Open asks, and closed ones whose reply is still kept for its asker. */
  readonly #records = new Records<Ask>(askCollection);
  readonly #inbound = new Map<string, Set<string>>();
  readonly #waits: Waits;

  constructor(parts: AskParts) {
    this.#parts = parts;
    this.#waits = new Waits(parts.host.clock, parts.limits.replyHoldMs, (id) => void this.#reply(id));
  }

  /** Takes over what a former life had. */
  async load(): Promise<void> {
    const { store } = this.#parts;
    await this.#records.load(store, { state: ["open"] });
    await this.#records.load(store, { reply_state: ["held", "queued"] });
    for (const ask of this.#records.values()) if (ask.state === "open") this.#index(ask);
  }

  /** Goes on with it: an ask whose question is over has its end, a reply that was held is brought. Nothing else is closed by a restart. */
  async open(): Promise<void> {
    for (const { state, question, correlation_id, reply_state } of [...this.#records.values()]) {
      const ending = state === "open" && question ? await this.#parts.questions.missed(correlation_id) : undefined;
      if (ending && this.isOpen(correlation_id)) await this.close(correlation_id, ending);
      if (state === "closed" && reply_state === "held") await this.#reply(correlation_id);
    }
  }

  get openCount(): number {
    let count = 0;
    for (const ids of this.#inbound.values()) count += ids.size;
    return count;
  }

  /** Open asks to a peer, newest first. */
  openTo(peer_id: string): Ask[] {
    return [...(this.#inbound.get(peer_id) ?? [])].map((id) => this.#records.get(id) as Ask).reverse();
  }

  /** Open asks of a peer, newest first. */
  openFrom(peer_id: string): Ask[] {
    return [...this.#records.values()].filter((ask) => ask.state === "open" && ask.from_peer_id === peer_id).reverse();
  }

  /** An ask of which more is to come: it is open, or its reply is not there yet. */
  isLive(correlation_id: string): boolean {
    return this.#records.get(correlation_id) !== undefined;
  }

  isOpen(correlation_id: string): boolean {
    return this.#records.get(correlation_id)?.state === "open";
  }

  /** @throws `ask_not_found` */
  async get(correlation_id: string): Promise<Ask> {
    const known = this.#records.get(correlation_id) ?? (await this.#parts.store.get(askCollection, correlation_id))?.record;
    if (known) return known as Ask;
    throw new AnodeError("ask_not_found", "There is no ask of this id, or it is no longer kept.");
  }

  /**
   * Opens an ask and tries to deliver it; a repeated `correlation_id` gets the ask that is there.
   * @throws `inbox_full`, `correlation_conflict`, `no_live_transport`, `injection_failed`, `storage_full`
   */
  async ask(draft: AskDraft): Promise<Ask> {
    const { host, limits, courier, questions } = this.#parts;
    const { sender, to, reply_to, question, correlation_id = randomHexId(host, "ask") } = draft;
    const known = draft.correlation_id === undefined ? undefined : await this.get(correlation_id).catch(unlessMissing);
    if (known) return this.stored(sameAsk(known, draft));
    const made = askOf(draft, correlation_id, host.clock.now(), limits.askMs);
    const opening = question && (await questions.opening(made));
    // Nothing is awaited from here to the append: the limit holds, and a call of the same id that came between is seen.
    const meanwhile = this.#records.get(correlation_id);
    if (meanwhile) return this.stored(sameAsk(meanwhile, draft));
    this.#assertRoom(to);
    const message = await courier.post(
      {
        kind: "ask",
        from: sender.peer,
        to,
        text: draft.text,
        trace_id: correlation_id,
        correlation_id,
        circle: made.circle,
        ...(draft.attachments && { attachments: [...draft.attachments] }),
        ...(reply_to !== undefined && { reply_to }),
        ...(question && { question }),
        ...(sender.via && { via: sender.via }),
      },
      {
        whenUnavailable: draft.if_unavailable ?? "fail",
        whenRefused: "fail",
        also: ({ delivery_id }) => this.#opening({ ...made, delivery_id }, draft, opening),
        undo: (puts) => {
          this.#records.undo(puts);
          this.#unindex(made);
        },
        failed: () => this.#closing(this.#records.get(correlation_id), { close_reason: "send_failed" }),
      },
    );
    if (reply_to !== undefined) await this.#supersede(reply_to, sender.peer);
    return { ...(await this.get(correlation_id)), delivery_state: message.delivery_state };
  }

  /** The ask, once all that was done to it is durable. @throws `storage_full` */
  async stored(ask: Ask): Promise<Ask> {
    if (this.#records.get(ask.correlation_id)) await this.#parts.journal.append({ whenFull: "refuse" }).committed;
    return ask;
  }

  /**
   * Closes an ask with its reply, then brings the reply to its asker. The first ending wins.
   * @throws `ask_closed`, `ask_not_found`, `storage_full`
   */
  async close(correlation_id: string, ending: Ending): Promise<Ask> {
    const ask = this.#records.get(correlation_id);
    if (ask?.state !== "open") throw askClosed(await this.get(correlation_id));
    if (this.#parts.journal.full && ending.replied_by !== undefined) {
      throw new AnodeError("storage_full", "The disk has no space left for the reply; free some and send it again.");
    }
    const isWaitedFor = this.#waits.has(correlation_id);
    await this.#parts.journal.append(joinSteps(this.#closing(ask, ending), ending.also ?? {})).committed;
    return isWaitedFor ? this.get(correlation_id) : this.#reply(correlation_id);
  }

  /** Closes an ask with its question, in the step in which the desk ends that; its reply follows when that is durable. */
  endingStep(correlation_id: string, ending: Ending): Step {
    const isWaitedFor = this.#waits.has(correlation_id);
    const tell = (): void => void (!isWaitedFor && this.#reply(correlation_id));
    const taken: Step["taken"] = ({ committed }) => void committed.then(tell, () => {});
    return joinSteps(this.#closing(this.#records.get(correlation_id), { ...ending, withQuestion: true }), { taken });
  }

  /** Ends what names a peer, for the step that retires it. */
  endFor(peer_id: string): Retiring {
    const inbound = this.openTo(peer_id);
    const outbound = this.openFrom(peer_id).filter((ask) => ask.to_peer_id !== peer_id);
    const step = joinSteps(
      ...inbound.map((ask) => this.#closing(ask, { close_reason: "evicted" })),
      ...outbound.map((ask) => this.#closing(ask, { close_reason: "canceled" })),
    );
    const tell = (): void => inbound.forEach(({ correlation_id }) => void this.#reply(correlation_id));
    return { step, taken: ({ committed }) => void committed.then(tell, () => {}) };
  }

  /** Closes what has waited too long; what has a question ends with that, at its deadline. */
  sweep(): void {
    const now = this.#parts.host.clock.now();
    for (const { state, expires_at, correlation_id, question } of [...this.#records.values()]) {
      if (state !== "open" || question || parseTime(expires_at) > now) continue;
      this.close(correlation_id, { close_reason: "expired" }).catch(() => {});
    }
  }

  /** What an ask shows of its message, or of its reply's, for the step in which that comes further. */
  messageMoved(message: Message): Step {
    const { correlation_id, kind, delivery_state, input_id, delivery_id } = message;
    if (correlation_id === undefined) return {};
    const ask = this.#records.get(correlation_id);
    if (kind === "reply") {
      if (!ask) return { taken: ({ committed }) => void committed.then(() => this.#lateReply(correlation_id, message)).catch(() => {}) };
      return ask.reply_delivery_id === delivery_id ? this.#replyMoved(ask, replyStateOf(delivery_state)) : {};
    }
    if (!ask || kind !== "ask" || ask.delivery_id !== delivery_id) return {};
    const next: Ask = { ...ask, delivery_state, ...(input_id !== undefined && { input_id }) };
    const put = this.#records.put(ask.correlation_id, next);
    if (delivery_state !== "delivered") return { puts: [put] };
    return { puts: [put], feed: [{ type: "ask.delivered", payload: idsOf(next), peer_id: next.to_peer_id }] };
  }

  /** The turn that works on an open ask has begun: its end may answer it. */
  bindTurn(correlation_id: string, turn_id: string): void {
    const ask = this.#records.get(correlation_id);
    if (ask?.state === "open") this.#parts.journal.append({ puts: [this.#records.put(correlation_id, { ...ask, turn_id })] });
  }

  /** Waits until an ask is closed. While somebody waits, and a while after, the reply is kept for pulling. */
  async wait(correlation_id: string, timeoutMs: number, signal: AbortSignal): Promise<Ask> {
    await this.get(correlation_id);
    // Looked at anew in the very moment in which the wait begins: nobody wakes who comes later.
    if (this.isOpen(correlation_id)) await this.#waits.wait(correlation_id, timeoutMs, signal);
    const now = await this.get(correlation_id);
    if (now.state === "open" || signal.aborted) return now;
    // A reply that nobody waited for is on its way already.
    if (now.reply_state !== "held" || !this.#waits.has(correlation_id)) return this.stored(now);
    this.#waits.release(correlation_id);
    return this.#pulled(now);
  }

  stop(): void {
    this.#waits.close();
  }

  /** @throws `inbox_full` */
  #assertRoom(to: PeerRecord): void {
    const { openAsks } = this.#parts.limits;
    if ((this.#inbound.get(to.peer_id)?.size ?? 0) < openAsks) return;
    throw new AnodeError("inbox_full", `${to.display_name} has ${openAsks} open asks already.`, { retryAfterSeconds: 30 });
  }

  #opening(ask: Ask, { keep }: AskDraft, question: (() => Step) | undefined): Step {
    const put = this.#records.put(ask.correlation_id, ask);
    this.#index(ask);
    return joinSteps({ puts: [put, ...(keep ? [keep(ask)] : [])], feed: [openedDraft(ask)] }, question?.() ?? {});
  }

  #closing(ask: Ask | undefined, ending: Ending): Step {
    if (ask?.state !== "open") return {};
    const { close_reason, reply_text, reply_attachments, replied_by, answer, withQuestion = close_reason === "answered" } = ending;
    const isSilent = silent.has(close_reason);
    const now = formatTime(this.#parts.host.clock.now());
    const message = this.#parts.courier.current(ask.delivery_id);
    // A closed ask is not delivered any more; and who replied has got it.
    const delivery = message ? this.#parts.courier.change(message, replied_by ? "delivered" : "canceled", { reason: "ask_closed" }) : {};
    const next: Ask = {
      ...(this.#records.get(ask.correlation_id) ?? ask),
      state: "closed",
      close_reason,
      ...(reply_text !== undefined && { reply_text }),
      ...(reply_attachments && { reply_attachments: [...reply_attachments] }),
      ...(replied_by && { replied_by, replied_at: now }),
      ...(answer && { answer }),
      ...(!isSilent && { reply_state: "held" as const }),
      closed_at: now,
    };
    const put = this.#records.put(ask.correlation_id, next);
    this.#unindex(ask);
    const taken = isSilent ? { taken: this.#records.leaving(ask.correlation_id) } : {};
    this.#waits.wake(ask.correlation_id);
    const stages = [...(replied_by ? [{ stage: "acked" }] : []), { stage: "closed", detail: { close_reason } }];
    return joinSteps(
      delivery,
      { puts: [put], feed: [closedDraft(next)], ...taken },
      this.#parts.traces.stages(ask.correlation_id, ...stages),
      ask.question && !withQuestion ? this.#parts.questions.ending(ask.correlation_id) : {},
      this.#parts.closed?.(next) ?? {},
    );
  }

  /** The sender's newer ask takes the place of an older one between the same two; that one has its reply. */
  async #supersede(reply_to: string, from: PeerRecord): Promise<void> {
    const older = this.#records.get(reply_to);
    if (older?.state !== "open" || ![older.to_peer_id, older.from_peer_id].includes(from.peer_id)) return;
    await this.close(reply_to, { close_reason: "reply_to" }).catch(() => {});
  }

  /** Brings the reply to whoever asked, if that is still to do. Its failure changes nothing of the ask. */
  async #reply(correlation_id: string): Promise<Ask> {
    const { peers, courier, host, journal } = this.#parts;
    const ask = this.#records.get(correlation_id);
    if (ask?.reply_state !== "held") return this.get(correlation_id);
    try {
      const draft = replyDraft(ask, peers);
      if (draft) await courier.post(draft, { also: (message) => this.#replying(ask, message), undo: (puts) => this.#records.undo(puts) });
      else await journal.append(this.#replyMoved(ask, "undeliverable")).committed;
    } catch (error) {
      host.log("warn", "ask.reply_failed", { correlation_id, error: String(error) });
      const now = this.#records.get(correlation_id);
      if (now?.reply_state === "held") await journal.append(this.#replyMoved(now, "undeliverable")).committed;
    }
    return this.get(correlation_id);
  }

  /** For the step that stores the message of a reply. */
  #replying({ correlation_id }: Ask, { delivery_id }: Message): Step {
    const ask = this.#records.get(correlation_id);
    if (ask?.reply_state !== "held") return {};
    return { puts: [this.#records.put(correlation_id, { ...ask, reply_state: "queued", reply_delivery_id: delivery_id })] };
  }

  /** The asker has come for it. */
  async #pulled(ask: Ask): Promise<Ask> {
    await this.#parts.journal.append(this.#replyMoved(ask, "pulled")).committed;
    return this.get(ask.correlation_id);
  }

  /** How far a reply got. As long as more is to come, its ask stays in memory. */
  #replyMoved(ask: Ask, reply_state: ReplyState): Step {
    const { correlation_id } = ask;
    if (ask.reply_state === reply_state) return {};
    const next: Ask = { ...ask, reply_state };
    const put = this.#records.put(correlation_id, next);
    const taken = reply_state === "queued" ? {} : { taken: this.#records.leaving(correlation_id) };
    const isThere = reply_state === "pulled" || reply_state === "delivered";
    const stages = isThere ? [{ stage: "reply_delivered", detail: { by: reply_state === "pulled" ? "wait" : "push" } }] : [];
    const feed = reply_state === "undeliverable" ? [{ ...closedDraft(next), type: "reply.undeliverable" }] : [];
    return joinSteps({ puts: [put], feed, ...taken }, this.#parts.traces.stages(correlation_id, ...stages));
  }

  /** Of a reply that was handed over without proof more is heard when its ask is in the store alone. */
  async #lateReply(correlation_id: string, { delivery_id, delivery_state }: Message): Promise<void> {
    const { store, journal } = this.#parts;
    const stored = await store.get(askCollection, correlation_id);
    const ask = stored && !this.#records.get(correlation_id) ? this.#records.adopt(stored) : undefined;
    if (ask?.reply_delivery_id === delivery_id) await journal.append(this.#replyMoved(ask, replyStateOf(delivery_state))).committed;
  }

  #index(ask: Ask): void {
    const ids = this.#inbound.get(ask.to_peer_id) ?? new Set();
    this.#inbound.set(ask.to_peer_id, ids.add(ask.correlation_id));
  }

  #unindex(ask: Ask): void {
    const ids = this.#inbound.get(ask.to_peer_id);
    if (ids?.delete(ask.correlation_id) && ids.size === 0) this.#inbound.delete(ask.to_peer_id);
  }
}

/** Whether a caller may reply for the recipient. @throws `not_the_recipient` */
export function assertRecipient(ask: Ask, own: PeerRecord | undefined, caller: Caller): void {
  if (own?.peer_id === ask.to_peer_id) return;
  if (own === undefined && isOwner(caller)) return;
  throw new AnodeError("not_the_recipient", `The ask is for ${ask.to_name}.`);
}

function unlessMissing(error: unknown): undefined {
  if (isAnodeError(error) && error.code === "ask_not_found") return undefined;
  throw error;
}
