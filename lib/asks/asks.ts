import type { Caller } from "../caller.js";
import { canonicalJson } from "../canonical-json.js";
import { AnodeError, isAnodeError } from "../errors.js";
import { joinSteps } from "../events/join-steps.js";
import type { Draft, Step } from "../events/journal.js";
import { randomHexId } from "../ids.js";
import type { Courier } from "../messages/courier.js";
import type { AskedQuestion, AttachedFile, DeliveryState, Message, RepliedAnswer } from "../messages/schema.js";
import type { MeshParts, PeerRegistry } from "../peers/registry.js";
import type { PeerRecord } from "../peers/schema.js";
import type { Sender } from "../peers/sender.js";
import { Records } from "../store/records.js";
import type { Put } from "../store/store.js";
import { formatTime, parseTime } from "../system-host.js";
import type { Traces } from "../traces/traces.js";
import type { Ask, CloseReason } from "./schema.js";

/** The store's collection of asks. */
export const askCollection = "asks";

/** An ask to open: its ends are known, its files looked up. */
export interface AskDraft {
  readonly sender: Sender;
  readonly to: PeerRecord;
  readonly text: string;
  readonly circle?: string;
  readonly attachments?: readonly AttachedFile[];
  readonly reply_to?: string;
  readonly parent_id?: string;
  readonly question?: AskedQuestion;
  readonly correlation_id?: string;
  readonly reply_from_turn?: boolean;
  readonly if_unavailable?: "fail" | "queue";
  readonly expires_ms?: number;
  /** What goes into the same commit. */
  readonly keep?: (ask: Ask) => Put;
}

/** What ends an ask. */
export interface Ending {
  readonly close_reason: CloseReason;
  readonly reply_text?: string;
  readonly reply_attachments?: readonly AttachedFile[];
  readonly replied_by?: "ack" | "answer" | "turn";
  readonly answer?: RepliedAnswer;
  /** What goes into the same commit. */
  readonly also?: Step;
}

/** The desk, as far as an ask with a typed question needs it. */
export interface AskQuestions {
  /** The parts of a step that open the question of an ask. @throws `invalid_request` for a question nobody could answer */
  opening(ask: Ask): Promise<Step & { taken(committed: Promise<unknown>): void }>;
  /** The parts of a step that end the question of an ask that ends otherwise. */
  ending(correlation_id: string): Step;
}

/** What asks need of the rest of the mesh. */
export interface AskParts extends MeshParts {
  readonly peers: PeerRegistry;
  readonly courier: Courier;
  readonly traces: Traces;
  readonly questions: AskQuestions;
}

const turnBackends: ReadonlySet<string> = new Set(["run", "acp"]);

/** Asks: opened, closed once, and the reply brought back. */
export class Asks {
  readonly #parts: AskParts;
  /** Open asks, and closed ones whose reply is still held. */
  readonly #records = new Records<Ask>(askCollection);
  readonly #inbound = new Map<string, Set<string>>();
  readonly #waiters = new Map<string, Set<() => void>>();
  readonly #holds = new Map<string, () => void>();

  constructor(parts: AskParts) {
    this.#parts = parts;
  }

  /** Takes over what was open; nothing is closed by a restart. */
  async open(): Promise<void> {
    const { store } = this.#parts;
    await this.#records.load(store, { state: ["open"] });
    await this.#records.load(store, { reply_state: ["held"] });
    for (const ask of [...this.#records.values()]) {
      if (ask.state === "open") this.#index(ask);
      else void this.#reply(ask);
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
   * Opens an ask and tries to deliver it.
   * @throws `inbox_full`, `correlation_conflict`, `no_live_transport`, `injection_failed`, `storage_full`
   */
  async ask(draft: AskDraft): Promise<Ask> {
    const { sender, to, reply_to, question } = draft;
    const known = draft.correlation_id === undefined ? undefined : await this.#known(draft.correlation_id, draft);
    if (known) return known;
    this.#assertRoom(to);
    const made = this.#made(draft);
    const opening = question && (await this.#parts.questions.opening(made));
    // Between the look and here another call of the same id may have come.
    if (this.#records.get(made.correlation_id)) return this.#sameOr409(this.#records.get(made.correlation_id) as Ask, draft);
    const posted = this.#parts.courier.post(
      {
        kind: "ask",
        from: sender.peer,
        to,
        text: draft.text,
        circle: made.circle,
        trace_id: made.correlation_id,
        correlation_id: made.correlation_id,
        ...(draft.attachments && { attachments: [...draft.attachments] }),
        ...(reply_to !== undefined && { reply_to }),
        ...(question && { question }),
        ...(sender.via && { via: sender.via }),
      },
      {
        whenUnavailable: draft.if_unavailable ?? "fail",
        whenRefused: "fail",
        also: (message) => this.#opened({ ...made, delivery_id: message.delivery_id }, draft, opening),
        failed: () => this.#closing(this.#records.get(made.correlation_id), { close_reason: "send_failed" }),
      },
    );
    const message = await posted.catch((error: unknown) => {
      const left = this.#records.get(made.correlation_id);
      // Refused as a whole: nothing of it is in the store.
      if (left?.state === "open" && isAnodeError(error) && error.code === "storage_full") {
        this.#unindex(left);
        this.#records.forget(left.correlation_id);
      }
      throw error;
    });
    if (reply_to !== undefined) await this.#supersede(reply_to, sender.peer);
    return { ...(await this.get(made.correlation_id)), delivery_state: message.delivery_state };
  }

  /**
   * Closes an ask with its reply, then brings the reply to its asker.
   * @throws `ask_closed` when somebody was faster
   */
  async close(correlation_id: string, ending: Ending): Promise<Ask> {
    const ask = this.#records.get(correlation_id);
    if (!ask || ask.state === "closed") throw closed(await this.get(correlation_id));
    const repliesLater = ending.close_reason !== "reply_to" && ending.close_reason !== "canceled" && ending.close_reason !== "send_failed";
    const isHeld = this.#waiters.has(correlation_id) || this.#holds.has(correlation_id);
    const step = this.#closing(ask, ending, repliesLater && isHeld ? "held" : undefined);
    await this.#parts.journal.append(joinSteps(step, ending.also ?? {})).committed;
    const now = (await this.get(correlation_id)) as Ask;
    if (repliesLater && !isHeld) return this.#reply(now);
    return now;
  }

  /** Closes what names the peer, for the step that retires it. */
  endFor(peer_id: string): { readonly step: Step; taken(): void } {
    const inbound = this.openTo(peer_id).map((ask) => ({ ask, step: this.#closing(ask, { close_reason: "evicted" }) }));
    const outbound = this.openFrom(peer_id)
      .filter((ask) => ask.to_peer_id !== peer_id)
      .map((ask) => this.#closing(ask, { close_reason: "canceled" }));
    return {
      step: joinSteps(...inbound.map(({ step }) => step), ...outbound),
      taken: () => {
        for (const { ask } of inbound) void this.#replyTo(ask.correlation_id);
      },
    };
  }

  /** Closes what has waited too long. */
  sweep(): void {
    const now = this.#parts.host.clock.now();
    for (const ask of [...this.#records.values()]) {
      if (ask.state !== "open" || parseTime(ask.expires_at) > now) continue;
      void this.close(ask.correlation_id, { close_reason: "expired" }).catch(() => {});
    }
  }

  /** A message of an ask came further: the ask shows it. */
  messageChanged({ correlation_id, kind, delivery_state, input_id, delivery_id }: Message): Step {
    const ask = correlation_id === undefined ? undefined : this.#records.get(correlation_id);
    if (!ask || kind !== "ask" || ask.delivery_id !== delivery_id) return {};
    const next: Ask = { ...ask, delivery_state, ...(input_id !== undefined && { input_id }) };
    const isProven = delivery_state === "delivered";
    return {
      puts: [this.#records.put(ask.correlation_id, next)],
      feed: isProven ? [{ type: "ask.delivered", payload: idsOf(next), peer_id: next.to_peer_id }] : [],
    };
  }

  /**
   * Waits until an ask is closed. While somebody waits, and a while after, the reply is kept for pulling.
   * @returns true when it is closed, false when the time is over
   */
  async wait(correlation_id: string, timeoutMs: number, signal: AbortSignal): Promise<Ask> {
    const ask = await this.get(correlation_id);
    if (ask.state === "closed") return this.#pulled(ask);
    this.#holds.get(correlation_id)?.();
    this.#holds.delete(correlation_id);
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiters = this.#waiters.get(correlation_id) ?? new Set();
    this.#waiters.set(correlation_id, waiters.add(resolve));
    const cancel = this.#parts.host.clock.schedule(resolve, timeoutMs);
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (signal.aborted) resolve();
    await promise;
    cancel();
    waiters.delete(resolve);
    if (waiters.size === 0) {
      this.#waiters.delete(correlation_id);
      this.#hold(correlation_id);
    }
    const now = await this.get(correlation_id);
    return now.state === "closed" && !signal.aborted ? this.#pulled(now) : now;
  }

  /** For a while after the last wait the reply may still be pulled; then it is pushed like any other. */
  #hold(correlation_id: string): void {
    const release = (): void => {
      this.#holds.delete(correlation_id);
      void this.#replyTo(correlation_id);
    };
    this.#holds.set(correlation_id, this.#parts.host.clock.schedule(release, this.#parts.limits.replyHoldMs));
  }

  async #pulled(ask: Ask): Promise<Ask> {
    const held = this.#records.get(ask.correlation_id);
    if (held?.reply_state !== "held") return ask;
    this.#holds.get(ask.correlation_id)?.();
    this.#holds.delete(ask.correlation_id);
    return this.#replyState(held, "pulled", { stage: "reply_delivered", detail: { by: "wait" } });
  }

  async #known(correlation_id: string, draft: AskDraft): Promise<Ask | undefined> {
    try {
      return this.#sameOr409(await this.get(correlation_id), draft);
    } catch (error) {
      if (isAnodeError(error) && error.code === "ask_not_found") return undefined;
      throw error;
    }
  }

  /** @throws `correlation_conflict` */
  #sameOr409(ask: Ask, draft: AskDraft): Ask {
    const content = (of: { text: string; reply_to?: string; question?: unknown; attachments?: unknown }): string =>
      canonicalJson([of.text, of.reply_to ?? null, of.question ?? null, of.attachments ?? null]);
    const isSame =
      ask.from_peer_id === draft.sender.peer.peer_id && ask.to_peer_id === draft.to.peer_id && content(ask) === content(draft as never);
    if (isSame) return ask;
    throw new AnodeError("correlation_conflict", "The correlation_id belongs to another ask.");
  }

  /** @throws `inbox_full` */
  #assertRoom(to: PeerRecord): void {
    const { openAsks } = this.#parts.limits;
    if ((this.#inbound.get(to.peer_id)?.size ?? 0) < openAsks) return;
    throw new AnodeError("inbox_full", `${to.display_name} has ${openAsks} open asks already.`, { retryAfterSeconds: 30 });
  }

  #made(draft: AskDraft): Ask {
    const { sender, to, expires_ms = this.#parts.limits.askMs } = draft;
    const now = this.#parts.host.clock.now();
    return {
      correlation_id: draft.correlation_id ?? randomHexId(this.#parts.host, "ask"),
      from_peer_id: sender.peer.peer_id,
      from_name: sender.peer.display_name,
      to_peer_id: to.peer_id,
      to_name: to.display_name,
      circle: draft.circle ?? to.circle,
      text: draft.text,
      ...(draft.attachments && { attachments: [...draft.attachments] }),
      ...(draft.reply_to !== undefined && { reply_to: draft.reply_to }),
      ...(draft.parent_id !== undefined && { parent_id: draft.parent_id }),
      ...(draft.question && { question: draft.question }),
      delivery_id: "",
      delivery_state: "queued",
      state: "open",
      reply_from_turn: draft.reply_from_turn ?? (turnBackends.has(to.backend) || sender.peer.display_name === "jobs"),
      ...(sender.via && { via: sender.via }),
      created_at: formatTime(now),
      expires_at: formatTime(now + expires_ms),
    };
  }

  #opened(ask: Ask, draft: AskDraft, opening: Awaited<ReturnType<AskQuestions["opening"]>> | undefined): Step {
    const { question, attachments } = ask;
    const isSelf = ask.from_peer_id === ask.to_peer_id;
    const payload = {
      ...idsOf(ask),
      text: ask.text,
      ...(question && { question }),
      ...(attachments && { attachments }),
      ...(isSelf && { self_target: true }),
    };
    const put = this.#records.put(ask.correlation_id, ask);
    this.#index(ask);
    const kept = draft.keep ? [draft.keep(ask)] : [];
    return joinSteps({ puts: [put, ...kept], feed: [{ type: "ask.opened", payload, peer_id: ask.to_peer_id }] }, opening ?? {});
  }

  #closing(ask: Ask | undefined, ending: Ending, reply_state?: Ask["reply_state"]): Step {
    if (!ask || ask.state === "closed") return {};
    const { close_reason, reply_text, reply_attachments, replied_by, answer } = ending;
    const now = formatTime(this.#parts.host.clock.now());
    const next: Ask = {
      ...ask,
      state: "closed",
      close_reason,
      ...(reply_text !== undefined && { reply_text }),
      ...(reply_attachments && { reply_attachments: [...reply_attachments] }),
      ...(replied_by && { replied_by, replied_at: now }),
      ...(answer && { answer }),
      ...(reply_state && { reply_state }),
      closed_at: now,
    };
    const put = this.#records.put(ask.correlation_id, next);
    this.#unindex(ask);
    if (reply_state !== "held") this.#records.forget(ask.correlation_id);
    for (const wake of this.#waiters.get(ask.correlation_id) ?? []) wake();
    const stages = [...(replied_by ? [{ stage: "acked" }] : []), { stage: "closed", detail: { close_reason } }];
    const question = ask.question && close_reason !== "answered" ? this.#parts.questions.ending(ask.correlation_id) : {};
    return joinSteps({ puts: [put], feed: [closedDraft(next)] }, this.#parts.traces.stages(ask.correlation_id, ...stages), question);
  }

  /** The asker has got its reply in a newer ask of its own. */
  async #supersede(reply_to: string, from: PeerRecord): Promise<void> {
    const older = this.#records.get(reply_to);
    const isParty = older && (older.to_peer_id === from.peer_id || older.from_peer_id === from.peer_id);
    if (isParty && older.state === "open") await this.close(reply_to, { close_reason: "reply_to" }).catch(() => {});
  }

  async #replyTo(correlation_id: string): Promise<void> {
    const ask = await this.get(correlation_id).catch(() => undefined);
    if (ask?.state === "closed" && (ask.reply_state === undefined || ask.reply_state === "held")) await this.#reply(ask);
  }

  /** Brings the reply to whoever asked. Its failure changes nothing of the ask: the reply is recorded. */
  async #reply(ask: Ask): Promise<Ask> {
    const [from, to] = [this.#parts.peers.byId(ask.to_peer_id), this.#heir(ask)];
    if (!from || !to) {
      const { peer_id: _none, ...draft } = { ...closedDraft(ask), type: "reply.undeliverable" };
      return this.#replyState(ask, "undeliverable", undefined, draft);
    }
    try {
      const message = await this.#parts.courier.post({
        kind: "reply",
        from,
        to,
        text: ask.reply_text ?? "",
        circle: ask.circle,
        trace_id: ask.correlation_id,
        correlation_id: ask.correlation_id,
        ...(ask.close_reason !== undefined && { close_reason: ask.close_reason }),
        ...(ask.answer && { answer: ask.answer }),
        ...(ask.reply_attachments && { attachments: ask.reply_attachments }),
      });
      const reply_state = replyStateOf(message.delivery_state);
      const stage = reply_state === "delivered" ? { stage: "reply_delivered" } : undefined;
      return await this.#replyState(ask, reply_state, stage);
    } catch (error) {
      this.#parts.host.log("warn", "ask.reply_failed", { correlation_id: ask.correlation_id, error: String(error) });
      return ask;
    }
  }

  /** The asker; when it is gone, the one living peer that took its place beyond doubt. */
  #heir(ask: Ask): PeerRecord | undefined {
    const asker = this.#parts.peers.byId(ask.from_peer_id);
    if (!asker || asker.retired_at === undefined) return asker;
    const heirs = this.#parts.peers
      .living()
      .filter((peer) =>
        (["backend", "machine", "path", "circle", "display_name"] as const).every((member) => peer[member] === asker[member]),
      );
    return heirs.length === 1 ? heirs[0] : undefined;
  }

  async #replyState(
    ask: Ask,
    reply_state: NonNullable<Ask["reply_state"]>,
    stage?: { readonly stage: string; readonly detail?: Record<string, unknown> },
    feed?: Draft,
  ): Promise<Ask> {
    const next: Ask = { ...ask, reply_state };
    const { store, journal, traces } = this.#parts;
    if (!this.#records.get(ask.correlation_id)) {
      const stored = await store.get(askCollection, ask.correlation_id);
      if (stored) this.#records.adopt(stored);
    }
    const put = this.#records.put(ask.correlation_id, next);
    this.#records.forget(ask.correlation_id);
    const traced = stage ? traces.stages(ask.correlation_id, stage) : {};
    await journal.append(joinSteps({ puts: [put], feed: feed ? [feed] : [] }, traced)).committed;
    return next;
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

/** The refusal of a reply to an ask that has ended. */
export function closed({ close_reason, closed_at, to_name }: Ask): AnodeError {
  return new AnodeError("ask_closed", `The ask to ${to_name} is closed: ${close_reason ?? "ended"}.`, {
    details: { ...(close_reason !== undefined && { close_reason }), ...(closed_at !== undefined && { closed_at }) },
  });
}

/** Whether a caller may reply for the recipient. @throws `not_the_recipient` */
export function assertRecipient(ask: Ask, own: PeerRecord | undefined, caller: Caller): { readonly via?: "owner" } {
  if (own?.peer_id === ask.to_peer_id) return {};
  const isOwner = caller.peer_id === undefined && caller.run_id === undefined;
  if (isOwner) return { via: "owner" };
  throw new AnodeError("not_the_recipient", `The ask is for ${ask.to_name}.`);
}

function replyStateOf(state: DeliveryState): NonNullable<Ask["reply_state"]> {
  if (state === "delivered" || state === "sent") return state;
  return state === "queued" || state === "claimed" ? "queued" : "undeliverable";
}

function idsOf({ correlation_id, from_peer_id, from_name, to_peer_id, to_name, circle, delivery_id }: Ask): Record<string, unknown> {
  return { correlation_id, from_peer_id, from_name, to_peer_id, to_name, circle, delivery_id };
}

function closedDraft(ask: Ask): Draft {
  const { close_reason, replied_by, reply_text } = ask;
  return {
    type: "ask.closed",
    payload: {
      ...idsOf(ask),
      close_reason,
      ...(replied_by && { replied_by }),
      ...(reply_text !== undefined && { reply_text }),
    },
    peer_id: ask.from_peer_id,
  };
}
