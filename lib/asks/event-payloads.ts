import type { Ask, CloseReason } from "./schema.js";

/** What names an ask in events. */
export type AskIds = Pick<Ask, "correlation_id" | "from_peer_id" | "from_name" | "to_peer_id" | "to_name" | "circle" | "delivery_id">;

/** How an ask ended, in events. */
export type AskEndPayload = AskIds & Pick<Ask, "replied_by" | "reply_text"> & { readonly close_reason: CloseReason };

/** What the events of asks carry, by type. */
export interface AskEventPayloads {
  "ask.opened": AskIds &
    Pick<Ask, "text" | "question" | "attachments"> & {
      /** The asker asks itself. */
      readonly self_target?: boolean;
    };
  "ask.delivered": AskIds;
  "ask.closed": AskEndPayload;
  /** The ask is closed, and its reply found no way to the asker. */
  "reply.undeliverable": AskEndPayload;
}

declare module "../events/event-payloads.js" {
  interface EventPayloads extends AskEventPayloads {}
}
