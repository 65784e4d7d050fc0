import type { MessageFrame } from "./frames.js";
import type { Message } from "./schema.js";

/** A message as a socket carries it; `isReplay` says that it has waited. */
export function toFrame(message: Message, isReplay: boolean): MessageFrame {
  const { delivery_id, from_name: from_peer, from_peer_id, to_peer_id, text, attachments, correlation_id = "" } = message;
  const more = { ...(attachments && { attachments }), ...(isReplay && { replay: true as const }) };
  const addressed = { delivery_id, from_peer, from_peer_id, to_peer_id, text };
  switch (message.kind) {
    case "ask": {
      const { to_name: to_peer, reply_to, question } = message;
      return {
        type: "ask",
        ...addressed,
        correlation_id,
        to_peer,
        ...(reply_to !== undefined && { reply_to }),
        ...(question && { question }),
        ...more,
      };
    }
    case "reply": {
      const { close_reason = "ack", answer } = message;
      const said = { ...(text !== "" && { text }), ...(answer && { answer }) };
      return { type: "reply", delivery_id, correlation_id, from_peer, close_reason, ...said, ...more };
    }
    default:
      return { type: message.kind, ...addressed, ...more };
  }
}
