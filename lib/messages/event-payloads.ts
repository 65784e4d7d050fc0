import type { Message } from "./schema.js";

/** How far a message is, in events. */
export type MessageStatePayload = Pick<
  Message,
  "delivery_id" | "kind" | "from_peer_id" | "to_peer_id" | "delivery_state" | "reason" | "correlation_id"
>;

/** What the events of messages carry, by type. */
export interface MessageEventPayloads {
  "message.sent": Pick<
    Message,
    "delivery_id" | "kind" | "from_peer_id" | "from_name" | "to_peer_id" | "to_name" | "circle" | "text" | "correlation_id"
  >;
  "message.state": MessageStatePayload;
  "message.expired": MessageStatePayload;
}

declare module "../events/event-payloads.js" {
  interface EventPayloads extends MessageEventPayloads {}
}
