import * as z from "zod";
import { later } from "../later.js";
import { askedQuestion, attachedFile, deliveryState, repliedAnswer } from "../messages/schema.js";

/** Why an ask is closed. */
export const closeReason = later(() =>
  z.enum(["ack", "ack_with_msg", "answered", "reply_to", "declined", "canceled", "send_failed", "evicted", "expired", "fire_completed"]),
);
export type CloseReason = z.infer<typeof closeReason>;

/** A message that stays open until it is acknowledged, answered, superseded or ended. */
export const ask = later(() =>
  z.strictObject({
    correlation_id: z.string(),
    from_peer_id: z.string(),
    from_name: z.string(),
    to_peer_id: z.string(),
    to_name: z.string(),
    circle: z.string(),
    text: z.string(),
    attachments: z.array(attachedFile).exactOptional(),
    reply_to: z.string().exactOptional(),
    parent_id: z.string().exactOptional(),
    question: askedQuestion.exactOptional(),
    answer: repliedAnswer.exactOptional(),
    delivery_id: z.string(),
    delivery_state: deliveryState,
    state: z.enum(["open", "closed"]),
    close_reason: closeReason.exactOptional(),
    reply_text: z.string().exactOptional(),
    reply_attachments: z.array(attachedFile).exactOptional(),
    replied_at: z.string().exactOptional(),
    replied_by: z.enum(["ack", "answer", "turn"]).exactOptional(),
    /** How far the notice of the reply got; `held` while the asker may pull it. */
    reply_state: z.enum(["held", "pulled", "queued", "sent", "delivered", "undeliverable"]).exactOptional(),
    reply_delivery_id: z.string().exactOptional(),
    reply_from_turn: z.boolean().exactOptional(),
    turn_id: z.string().exactOptional(),
    input_id: z.string().exactOptional(),
    via: z.literal("owner").exactOptional(),
    created_at: z.string(),
    closed_at: z.string().exactOptional(),
    expires_at: z.string(),
  }),
);
export type Ask = z.infer<typeof ask>;

/** One target of an ask-many; an unreachable one is a failed child, not an error. */
export const askManyChild = later(() =>
  z.strictObject({
    /** As the asker spelled it. */
    peer: z.string(),
    to_peer_id: z.string().exactOptional(),
    correlation_id: z.string().exactOptional(),
    delivery_state: deliveryState.exactOptional(),
    error_code: z.string().exactOptional(),
  }),
);
export type AskManyChild = z.infer<typeof askManyChild>;

/** One question to many, as it is stored. */
export const askMany = later(() =>
  z.strictObject({
    parent_id: z.string(),
    from_peer_id: z.string(),
    children: z.array(askManyChild),
    /** The deadline has passed while children were open; they stay open. */
    timed_out: z.boolean(),
    created_at: z.string(),
    deadline_at: z.string(),
    /** When the last child was closed. */
    completed_at: z.string().exactOptional(),
  }),
);
export type AskMany = z.infer<typeof askMany>;

/** One question to many, as it is shown. */
export const askManyReport = later(() =>
  z.strictObject({
    parent_id: z.string(),
    state: z.enum(["pending", "partial", "complete"]),
    timed_out: z.boolean(),
    deadline_at: z.string(),
    rollup: z.strictObject({ total: z.int(), replied: z.int(), acked: z.int(), pending: z.int(), failed: z.int() }),
    children: z.array(
      z.strictObject({
        ...askManyChild.shape,
        state: z.enum(["open", "closed", "failed"]),
        close_reason: closeReason.exactOptional(),
        reply_text: z.string().exactOptional(),
        answer: repliedAnswer.exactOptional(),
      }),
    ),
  }),
);
export type AskManyReport = z.infer<typeof askManyReport>;
