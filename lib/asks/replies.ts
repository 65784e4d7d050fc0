import type { MessageDraft } from "../messages/courier.js";
import type { DeliveryState } from "../messages/schema.js";
import type { PeerRegistry } from "../peers/registry.js";
import type { PeerRecord } from "../peers/schema.js";
import type { Ask } from "./schema.js";

/** How far the notice of a reply got. */
export type ReplyState = NonNullable<Ask["reply_state"]>;

/** The message that brings the reply of a closed ask to whoever asked; there is none when nobody is there to have it. */
export function replyDraft(ask: Ask, peers: PeerRegistry): MessageDraft | undefined {
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
export function replyStateOf(state: DeliveryState): ReplyState {
  if (state === "delivered" || state === "sent") return state;
  return state === "queued" || state === "claimed" ? "queued" : "undeliverable";
}
