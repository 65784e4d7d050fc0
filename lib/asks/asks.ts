import { type Caller, isOwner } from "../caller.js";
import { AnodeError } from "../errors.js";
import { joinSteps } from "../events/join-steps.js";
import { isStorageFull } from "../events/storage-full.js";
import type { Step } from "../events/step.js";
import { randomHexId } from "../ids.js";
import type { Courier } from "../messages/courier.js";
import type { Mail } from "../messages/mail.js";
import type { Message } from "../messages/schema.js";
import type { MeshParts } from "../peers/parts.js";
import type { PeerRegistry, Retiring } from "../peers/registry.js";
import type { PeerRecord } from "../peers/schema.js";
import { formatTime, parseTime } from "../system-host.js";
import type { Traces } from "../traces/traces.js";
import { AskBook } from "./ask-book.js";
import { askClosed, type AskDraft, askOf, closedDraft, idsOf, messageOf, openedDraft, sameAsk } from "./ask-drafts.js";
import { closedAsk, type Ending } from "./ending.js";
import { Replies } from "./replies.js";
import type { Ask } from "./schema.js";
import { Waits } from "./waits.js";

/** The desk, as far as an ask with a typed question needs it. */
export interface AskQuestions {
  /**
   * The part of a step that opens the question of an ask, made in the moment of the append.
   * @throws `invalid_request` for a question nobody could answer
   */
  opening(ask: Ask): Promise<() => Step>;
  /** @throws `correlation_conflict` for the id of a question, whoever asks it */
  assertFree(correlation_id: string): Promise<void>;
  /** The part of a step that ends the question of an ask which ends otherwise. */
  ending(correlation_id: string): Step;
  /** What the end of its question means for an ask that was nowhere when that came; nothing as long as the question is open. */
  missed(correlation_id: string): Promise<Ending | undefined>;
}

/** What asks need of the rest of the mesh. */
export interface AskParts extends MeshParts {
  readonly peers: PeerRegistry;
  readonly courier: Courier;
  readonly mail: Mail;
  readonly traces: Traces;
  readonly questions: AskQuestions;
  /** What else happens in the step that closes an ask. */
  closed?(ask: Ask): Step;
}

/** Asks: opened, closed once, and the reply brought back. */
export class Asks {
  readonly #parts: AskParts;
  readonly #book: AskBook;
  readonly #waits: Waits;
  readonly #replies: Replies;

  constructor(parts: AskParts) {
    this.#parts = parts;
    this.#book = new AskBook(parts.store);
    this.#waits = new Waits(parts.host.clock, parts.limits.replyHoldMs, (id) => void this.#replies.bring(id));
    this.#replies = new Replies({ ...parts, book: this.#book, isWaitedFor: (id) => this.#waits.has(id) });
  }

  /** Takes over what a former life had. */
  load(): Promise<void> {
    return this.#book.load();
  }

  /** Goes on with it: an ask whose question is over has its end, a reply that was held is brought. Nothing else is closed by a restart. */
  async open(): Promise<void> {
    await this.#parts.traces.takeUp(this.#book.all().map(({ correlation_id }) => correlation_id));
    for (const { state, question, correlation_id, reply_state } of this.#book.all()) {
      const ending = state === "open" && question ? await this.#parts.questions.missed(correlation_id) : undefined;
      if (ending && this.isOpen(correlation_id)) await this.close(correlation_id, ending).catch(unlessFull);
      if (state === "closed" && reply_state === "held") await this.#replies.bring(correlation_id);
    }
  }

  get openCount(): number {
    return this.#book.openCount;
  }

  /** Open asks to a peer, newest first. */
  openTo(peer_id: string): Ask[] {
    return this.#book.openTo(peer_id);
  }

  /** Open asks of a peer, newest first. */
  openFrom(peer_id: string): Ask[] {
    return this.#book.openFrom(peer_id);
  }

  /** An ask of which more is to come: it is open, or its reply is not there yet. */
  isLive(correlation_id: string): boolean {
    return this.#book.live(correlation_id) !== undefined;
  }

  isOpen(correlation_id: string): boolean {
    return this.#book.live(correlation_id)?.state === "open";
  }

  /** @throws `ask_not_found` */
  get(correlation_id: string): Promise<Ask> {
    return this.#book.get(correlation_id);
  }

  /**
   * Opens an ask and tries to deliver it; a repeated `correlation_id` gets the ask that is there.
   * @throws `ask_not_found` for a `reply_to` that is no ask of the sender's, `inbox_full`, `correlation_conflict`, `no_live_transport`,
   * `injection_failed`, `storage_full`
   */
  async ask(draft: AskDraft): Promise<Ask> {
    const { host, limits, courier, questions } = this.#parts;
    const { sender, to, reply_to, question, correlation_id = randomHexId(host, "ask") } = draft;
    const known = draft.correlation_id === undefined ? undefined : await this.#book.find(correlation_id);
    if (known) return this.stored(sameAsk(known, draft));
    if (draft.correlation_id !== undefined) await questions.assertFree(correlation_id);
    if (reply_to !== undefined) await this.#assertPart(reply_to, sender.peer);
    const made = askOf(draft, correlation_id, host.clock.now(), limits.askMs);
    const opening = question && (await questions.opening(made));
    // Nothing is awaited from here to the append: the limit holds, and a call of the same id that came between is seen.
    const meanwhile = this.#book.live(correlation_id);
    if (meanwhile) return this.stored(sameAsk(meanwhile, draft));
    this.#assertRoom(to);
    // Made before anything is taken: it may be refused.
    const asked = opening?.() ?? {};
    const message = await courier.post(messageOf(made, draft), {
      whenUnavailable: draft.if_unavailable ?? "fail",
      whenRefused: "fail",
      also: ({ delivery_id }) => this.#opening({ ...made, delivery_id }, draft, asked),
      undo: (puts) => this.#book.undo(made, puts),
      failed: () => this.#closing(correlation_id, { close_reason: "send_failed" }),
    });
    if (reply_to !== undefined) await this.#supersede(reply_to);
    return { ...(await this.get(correlation_id)), delivery_state: message.delivery_state };
  }

  /** The ask, once all that was done to it is durable. @throws `storage_full` */
  async stored(ask: Ask): Promise<Ask> {
    if (this.isLive(ask.correlation_id)) await this.#parts.journal.append({ whenFull: "refuse" }).committed;
    return ask;
  }

  /**
   * Closes an ask with its reply, then brings the reply to its asker. The first ending wins, also one that has to wait for space.
   * @throws `ask_closed`, `ask_not_found`, `storage_full`
   */
  async close(correlation_id: string, ending: Ending): Promise<Ask> {
    if (!this.isOpen(correlation_id)) throw askClosed(await this.get(correlation_id));
    if (ending.replied_by !== undefined) this.#parts.journal.assertSpace("this reply");
    const closed = this.#parts.journal.append(joinSteps(this.#closing(correlation_id, ending), ending.also ?? {}));
    try {
      await closed.kept;
    } catch (error) {
      this.#bringing([correlation_id])(closed);
      throw error;
    }
    return this.#replies.bring(correlation_id);
  }

  /** Closes an ask with its question, in the step in which the desk ends that; its reply follows when that is durable. */
  endingStep(correlation_id: string, ending: Ending): Step {
    const step = this.#closing(correlation_id, { ...ending, withQuestion: true });
    return joinSteps(step, { taken: this.#bringing([correlation_id]) });
  }

  /** Ends what names a peer, for the step that retires it. */
  endFor(peer_id: string): Retiring {
    const inbound = this.openTo(peer_id).map(({ correlation_id }) => correlation_id);
    const outbound = this.openFrom(peer_id).filter((ask) => ask.to_peer_id !== peer_id);
    const step = joinSteps(
      ...inbound.map((id) => this.#closing(id, { close_reason: "evicted" })),
      ...outbound.map(({ correlation_id }) => this.#closing(correlation_id, { close_reason: "canceled" })),
    );
    return { step, taken: this.#bringing(inbound) };
  }

  /** Closes what has waited too long; what has a question ends with that, at its deadline. */
  sweep(): void {
    const now = this.#parts.host.clock.now();
    for (const { state, expires_at, correlation_id, question } of this.#book.all()) {
      if (state !== "open" || question || parseTime(expires_at) > now) continue;
      this.close(correlation_id, { close_reason: "expired" }).catch(() => {});
    }
  }

  /** What an ask shows of its message, or of its reply's, for the step in which that comes further. */
  messageMoved(message: Message): Step {
    const { correlation_id, kind, delivery_state, input_id, delivery_id } = message;
    if (correlation_id === undefined) return {};
    if (kind === "reply") return this.#replies.moved(correlation_id, message);
    const ask = this.#book.live(correlation_id);
    if (!ask || kind !== "ask" || ask.delivery_id !== delivery_id) return {};
    const next: Ask = { ...ask, delivery_state, ...(input_id !== undefined && { input_id }) };
    const put = this.#book.put(next);
    if (delivery_state !== "delivered") return { puts: [put] };
    return { puts: [put], feed: [{ type: "ask.delivered", payload: idsOf(next), peer_id: next.to_peer_id }] };
  }

  /** The turn that works on an open ask has begun: its end may answer it. */
  bindTurn(correlation_id: string, turn_id: string): void {
    const ask = this.#book.live(correlation_id);
    if (ask?.state === "open") this.#parts.journal.append({ puts: [this.#book.put({ ...ask, turn_id })] });
  }

  /** Waits until an ask is closed. While somebody waits, and a while after, the reply is kept for pulling. @throws `storage_full` */
  async wait(correlation_id: string, timeoutMs: number, signal: AbortSignal): Promise<Ask> {
    await this.get(correlation_id);
    // Looked at anew in the very moment in which the wait begins: nobody wakes who comes later.
    if (this.isOpen(correlation_id)) await this.#waits.wait(correlation_id, timeoutMs, signal);
    const now = await this.get(correlation_id);
    if (now.state === "open" || signal.aborted) return now;
    // A reply that nobody waited for is on its way already.
    if (now.reply_state !== "held" || !this.#waits.has(correlation_id)) return this.stored(now);
    this.#parts.journal.assertSpace();
    this.#waits.release(correlation_id);
    return this.#replies.pulled(now);
  }

  stop(): void {
    this.#waits.close();
  }

  /** @throws `inbox_full` */
  #assertRoom(to: PeerRecord): void {
    const { openAsks } = this.#parts.limits;
    if (this.#book.openCountTo(to.peer_id) < openAsks) return;
    throw new AnodeError("inbox_full", `${to.display_name} has ${openAsks} open asks already.`, { retryAfterSeconds: 30 });
  }

  #opening(ask: Ask, { keep }: AskDraft, asked: Step): Step {
    return joinSteps({ puts: [this.#book.put(ask), ...(keep ? [keep(ask)] : [])], feed: [openedDraft(ask)] }, asked);
  }

  #closing(correlation_id: string, ending: Ending): Step {
    const ask = this.#book.live(correlation_id);
    if (ask?.state !== "open") return {};
    const { close_reason, replied_by, withQuestion = close_reason === "answered" } = ending;
    const { mail } = this.#parts;
    const message = mail.current(ask.delivery_id);
    // A closed ask is not delivered any more; and who replied has got it.
    const delivery = message ? mail.change(message, replied_by ? "delivered" : "canceled", { reason: "ask_closed" }) : {};
    const next = closedAsk(this.#book.live(correlation_id) ?? ask, ending, formatTime(this.#parts.host.clock.now()));
    const put = this.#book.put(next);
    const taken = next.reply_state === undefined ? { taken: this.#book.leaving(correlation_id) } : {};
    this.#waits.wake(correlation_id);
    const stages = [...(replied_by ? [{ stage: "acked" }] : []), { stage: "closed", detail: { close_reason } }];
    return joinSteps(
      delivery,
      { puts: [put], feed: [closedDraft(next)], ...taken },
      this.#parts.traces.stages(correlation_id, ...stages),
      ask.question && !withQuestion ? this.#parts.questions.ending(correlation_id) : {},
      this.#parts.closed?.(next) ?? {},
    );
  }

  /** Brings replies once the step that closes their asks is durable. */
  #bringing(correlation_ids: readonly string[]): NonNullable<Step["taken"]> {
    const bring = (): void => correlation_ids.forEach((id) => void this.#replies.bring(id));
    return ({ committed }) => void committed.then(bring, () => {});
  }

  /** @throws `ask_not_found` */
  async #assertPart(reply_to: string, { peer_id, display_name }: PeerRecord): Promise<void> {
    const older = await this.#book.find(reply_to);
    if (older && [older.to_peer_id, older.from_peer_id].includes(peer_id)) return;
    throw new AnodeError("ask_not_found", `reply_to must name an ask to or from ${display_name}; there is none of this id.`);
  }

  /** The sender's newer ask takes the place of an older one between the same two; that one has its reply. */
  async #supersede(reply_to: string): Promise<void> {
    if (this.isOpen(reply_to)) await this.close(reply_to, { close_reason: "reply_to" }).catch(() => {});
  }
}

/** For want of space its end is only put off. */
function unlessFull(error: unknown): void {
  if (!isStorageFull(error)) throw error;
}

/** Whether a caller may reply for the recipient. @throws `not_the_recipient` */
export function assertRecipient(ask: Ask, own: PeerRecord | undefined, caller: Caller): void {
  if (own?.peer_id === ask.to_peer_id) return;
  if (own === undefined && isOwner(caller)) return;
  throw new AnodeError("not_the_recipient", `The ask is for ${ask.to_name}.`);
}
