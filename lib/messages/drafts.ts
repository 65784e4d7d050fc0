import type { Draft } from "../events/journal.js";
import type { Delivery, Message } from "./schema.js";

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
export function sentDraft(message: Message): Draft {
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
export function stateDraft({ delivery_id, kind, from_peer_id, to_peer_id, delivery_state, reason, correlation_id }: Message): Draft {
  return {
    type: "message.state",
    payload: {
      delivery_id,
      kind,
      from_peer_id,
      to_peer_id,
      delivery_state,
      ...(reason !== undefined && { reason }),
      ...(correlation_id !== undefined && { correlation_id }),
    },
    peer_id: to_peer_id,
  };
}

/** The event that tells the sender that its message will not get there. */
export function expiredDraft(message: Message): Draft {
  return { ...stateDraft(message), type: "message.expired", peer_id: message.from_peer_id };
}
