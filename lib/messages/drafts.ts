import type { FeedDraft } from "../events/step.js";
import type { PeerRecord } from "../peers/schema.js";
import { formatTime } from "../system-host.js";
import type { MessageStatePayload } from "./event-payloads.js";
import type { Delivery, Message, MessageKind } from "./schema.js";

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
  /** Its id, where that was told beforehand. @defaultValue a new one */
  readonly delivery_id?: string;
}

/** The message as it is stored first. */
export function newMessage(
  { kind, from, to, text, trace_id, circle = from.circle, ...rest }: MessageDraft,
  { delivery_id, nowMs, lifeMs }: { readonly delivery_id: string; readonly nowMs: number; readonly lifeMs: number },
): Message {
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
    created_at: formatTime(nowMs),
    expires_at: formatTime(nowMs + lifeMs),
  };
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

/** The event of a message that was stored. */
export function sentDraft(message: Message): FeedDraft {
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

/** The event of a message in a new state. */
export function stateDraft(message: Message): FeedDraft {
  return { type: "message.state", payload: stateOf(message), peer_id: message.to_peer_id };
}

/** The event that tells the sender that its message will not get there. */
export function expiredDraft(message: Message): FeedDraft {
  return { type: "message.expired", payload: stateOf(message), peer_id: message.from_peer_id };
}

function stateOf({ delivery_id, kind, from_peer_id, to_peer_id, delivery_state, reason, correlation_id }: Message): MessageStatePayload {
  return {
    delivery_id,
    kind,
    from_peer_id,
    to_peer_id,
    delivery_state,
    ...(reason !== undefined && { reason }),
    ...(correlation_id !== undefined && { correlation_id }),
  };
}
