import { canonicalJson } from "../canonical-json.js";
import { AnodeError } from "../errors.js";
import type { FeedDraft } from "../events/step.js";
import type { MessageDraft } from "../messages/drafts.js";
import type { AskedQuestion, AttachedFile } from "../messages/schema.js";
import type { PeerRecord } from "../peers/schema.js";
import type { Sender } from "../peers/sender.js";
import { formatTime } from "../system-host.js";
import type { Put } from "../store/store.js";
import type { AskIds } from "./event-payloads.js";
import type { Ask, CloseReason } from "./schema.js";

/** An ask to open: its ends are known, its files looked up. */
export interface AskDraft {
  readonly sender: Sender;
  readonly to: PeerRecord;
  readonly text: string;
  readonly attachments?: readonly AttachedFile[];
  readonly reply_to?: string;
  readonly parent_id?: string;
  readonly question?: AskedQuestion;
  readonly correlation_id?: string;
  /** @defaultValue true for runs, foreign agents, and asks of `jobs` */
  readonly reply_from_turn?: boolean;
  /** @defaultValue "fail" */
  readonly if_unavailable?: "fail" | "queue";
  readonly expires_ms?: number;
  /** What goes into the same commit. */
  readonly keep?: (ask: Ask) => Put;
}

const turnBackends: ReadonlySet<string> = new Set(["run", "acp"]);

/** The ask as it is opened. */
export function askOf(draft: AskDraft, id: string, nowMs: number, lifeMs: number): Ask {
  const { sender, to, attachments, reply_to, parent_id, question } = draft;
  return {
    correlation_id: id,
    from_peer_id: sender.peer.peer_id,
    from_name: sender.peer.display_name,
    to_peer_id: to.peer_id,
    to_name: to.display_name,
    circle: to.circle,
    text: draft.text,
    ...(attachments && { attachments: [...attachments] }),
    ...(reply_to !== undefined && { reply_to }),
    ...(parent_id !== undefined && { parent_id }),
    ...(question && { question }),
    delivery_id: "",
    delivery_state: "queued",
    state: "open",
    reply_from_turn: draft.reply_from_turn ?? (turnBackends.has(to.backend) || sender.peer.display_name === "jobs"),
    ...(sender.via && { via: sender.via }),
    created_at: formatTime(nowMs),
    expires_at: formatTime(nowMs + (draft.expires_ms ?? lifeMs)),
  };
}

/** The message that brings a new ask to its recipient. */
export function messageOf(
  { correlation_id, circle, reply_to, question, via }: Ask,
  { sender, to, text, attachments }: AskDraft,
): MessageDraft {
  return {
    kind: "ask",
    from: sender.peer,
    to,
    text,
    trace_id: correlation_id,
    correlation_id,
    circle,
    ...(attachments && { attachments: [...attachments] }),
    ...(reply_to !== undefined && { reply_to }),
    ...(question && { question }),
    ...(via && { via }),
  };
}

/** The ask that a repeated id means. @throws `correlation_conflict` when it is another caller's, or says something else */
export function sameAsk(ask: Ask, draft: AskDraft): Ask {
  const content = (of: Pick<AskDraft, "text" | "reply_to" | "question" | "attachments">): string =>
    canonicalJson([of.text, of.reply_to ?? null, of.question ?? null, of.attachments?.map(({ id }) => id) ?? null]);
  const isSame = ask.from_peer_id === draft.sender.peer.peer_id && ask.to_peer_id === draft.to.peer_id && content(ask) === content(draft);
  if (isSame) return ask;
  throw new AnodeError("correlation_conflict", "The correlation_id belongs to another ask.");
}

/** What names an ask in events. */
export function idsOf({ correlation_id, from_peer_id, from_name, to_peer_id, to_name, circle, delivery_id }: Ask): AskIds {
  return { correlation_id, from_peer_id, from_name, to_peer_id, to_name, circle, delivery_id };
}

/** What the feed tells of a new ask. */
export function openedDraft(ask: Ask): FeedDraft {
  const { text, question, attachments } = ask;
  const isSelf = ask.from_peer_id === ask.to_peer_id;
  const payload = {
    ...idsOf(ask),
    text,
    ...(question && { question }),
    ...(attachments && { attachments }),
    ...(isSelf && { self_target: true }),
  };
  return { type: "ask.opened", payload, peer_id: ask.to_peer_id };
}

/** What the feed tells of the end of an ask, or of a reply that found no way back. */
export function closedDraft(ask: Ask, type: "ask.closed" | "reply.undeliverable" = "ask.closed"): FeedDraft {
  const { close_reason, replied_by, reply_text } = ask;
  // What has ended has a reason.
  const ids = { ...idsOf(ask), close_reason: close_reason as CloseReason };
  const payload = { ...ids, ...(replied_by && { replied_by }), ...(reply_text !== undefined && { reply_text }) };
  return { type, payload, peer_id: ask.from_peer_id };
}

/** The refusal of a reply to an ask that has ended. */
export function askClosed({ close_reason, closed_at, to_name }: Ask): AnodeError {
  return new AnodeError("ask_closed", `The ask to ${to_name} is closed: ${close_reason ?? "ended"}.`, {
    details: { ...(close_reason !== undefined && { close_reason }), ...(closed_at !== undefined && { closed_at }) },
  });
}
