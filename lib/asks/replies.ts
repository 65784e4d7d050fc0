import { joinSteps } from "../events/join-steps.js";
import { isDurable, isStorageFull } from "../events/storage-full.js";
import type { Step } from "../events/step.js";
import type { Courier } from "../messages/courier.js";
import type { MessageDraft } from "../messages/drafts.js";
import type { DeliveryState, Message } from "../messages/schema.js";
import type { MeshParts } from "../peers/parts.js";
import type { PeerRegistry } from "../peers/registry.js";
import type { PeerRecord } from "../peers/schema.js";
import type { Traces } from "../traces/traces.js";
import type { AskBook } from "./ask-book.js";
import { closedDraft } from "./ask-drafts.js";
import type { Ask } from "./schema.js";

/** How far the notice of a reply got. */
type ReplyState = NonNullable<Ask["reply_state"]>;

/** What replies need of the rest of the mesh. */
export interface ReplyParts extends Pick<MeshParts, "journal" | "host"> {
  readonly book: AskBook;
  readonly peers: PeerRegistry;
  readonly courier: Courier;
  readonly traces: Traces;
  /** Whether somebody waits for the ask, or may come back to: then its reply is kept for pulling. */
  isWaitedFor(correlation_id: string): boolean;
}

/** Brings the replies of closed asks to whoever asked, and takes note of how far they get. The replies themselves are recorded already. */
export class Replies {
  readonly #parts: ReplyParts;

  constructor(parts: ReplyParts) {
    this.#parts = parts;
  }

  /** Sends the reply, if that is still to do and nobody comes for it. Its failure changes nothing of the ask; for want of space it is only put off. */
  async bring(correlation_id: string): Promise<Ask> {
    const { book, peers, courier, host, isWaitedFor } = this.#parts;
    const ask = book.live(correlation_id);
    if (ask?.reply_state !== "held" || isWaitedFor(correlation_id)) return book.get(correlation_id);
    try {
      const draft = replyDraft(ask, peers);
      if (draft) await courier.post(draft, { also: (message) => this.#sent(ask, message), undo: (puts) => book.undo(ask, puts) });
      else await this.#lost(ask);
    } catch (error) {
      host.log("warn", "ask.reply_failed", { correlation_id, error: String(error) });
      if (isStorageFull(error)) this.#bringWithSpace(correlation_id);
      else await this.#lost(book.live(correlation_id));
    }
    return book.get(correlation_id);
  }

  /** The asker has come for it. */
  async pulled(ask: Ask): Promise<Ask> {
    await this.#parts.journal.append(this.#reached(ask, "pulled")).kept;
    return this.#parts.book.get(ask.correlation_id);
  }

  /** For the step in which the message of a reply comes further. */
  moved(correlation_id: string, message: Message): Step {
    const ask = this.#parts.book.live(correlation_id);
    // Of a reply that was handed over without proof more is heard when its ask is in the store alone.
    if (!ask) return { taken: ({ committed }) => void committed.then(() => this.#movedLate(correlation_id, message)).catch(() => {}) };
    return ask.reply_delivery_id === message.delivery_id ? this.#reached(ask, replyStateOf(message.delivery_state)) : {};
  }

  async #movedLate(correlation_id: string, { delivery_id, delivery_state }: Message): Promise<void> {
    await this.#parts.traces.takeUp([correlation_id]);
    const ask = await this.#parts.book.recall(correlation_id);
    if (ask?.reply_delivery_id === delivery_id)
      await this.#parts.journal.append(this.#reached(ask, replyStateOf(delivery_state))).committed;
  }

  /** For the step that stores the message. */
  #sent({ correlation_id }: Ask, { delivery_id }: Message): Step {
    const { book } = this.#parts;
    const ask = book.live(correlation_id);
    return ask?.reply_state === "held" ? { puts: [book.put({ ...ask, reply_state: "queued", reply_delivery_id: delivery_id })] } : {};
  }

  /** The next step that is committed tells that there is space. A reply that is brought meanwhile, or fetched, is not held any more. */
  #bringWithSpace(correlation_id: string): void {
    const { committed } = this.#parts.journal.append({});
    void committed.then(() => this.bring(correlation_id)).catch(() => {});
  }

  async #lost(ask: Ask | undefined): Promise<void> {
    if (ask?.reply_state === "held") await isDurable(this.#parts.journal.append(this.#reached(ask, "undeliverable")));
  }

  /** As long as more is to come, the ask stays in memory. */
  #reached(ask: Ask, reply_state: ReplyState): Step {
    if (ask.reply_state === reply_state) return {};
    const { book, traces } = this.#parts;
    const next: Ask = { ...ask, reply_state };
    const put = book.put(next);
    const taken = reply_state === "queued" ? {} : { taken: book.leaving(ask.correlation_id) };
    const isThere = reply_state === "pulled" || reply_state === "delivered";
    const stages = isThere ? [{ stage: "reply_delivered", detail: { by: reply_state === "pulled" ? "wait" : "push" } }] : [];
    const feed = reply_state === "undeliverable" ? [closedDraft(next, "reply.undeliverable")] : [];
    return joinSteps({ puts: [put], feed, ...taken }, traces.stages(ask.correlation_id, ...stages));
  }
}

/** The message that brings the reply of a closed ask to whoever asked; there is none when nobody is there to have it. */
function replyDraft(ask: Ask, peers: PeerRegistry): MessageDraft | undefined {
  const from = peers.byId(ask.to_peer_id);
  const to = heirOf(ask, peers);
  if (!from || !to) return undefined;
  return {
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
  };
}

/** The asker; when it is gone, the one living peer that took its place beyond doubt. */
function heirOf(ask: Ask, peers: PeerRegistry): PeerRecord | undefined {
  const asker = peers.byId(ask.from_peer_id);
  if (!asker || asker.retired_at === undefined) return asker;
  const heirs = peers.living().filter((peer) => inherited.every((member) => peer[member] === asker[member]));
  return heirs.length === 1 ? heirs[0] : undefined;
}

const inherited = ["backend", "machine", "path", "circle", "display_name"] as const;

/** How far a reply got, as its ask shows it. */
function replyStateOf(state: DeliveryState): ReplyState {
  if (state === "delivered" || state === "sent") return state;
  return state === "queued" || state === "claimed" ? "queued" : "undeliverable";
}
