import * as z from "zod";
import { later } from "../later.js";
import { questionKind, questionOption } from "../questions/schema.js";

/** What a message is for its receiver. */
export const messageKind = later(() => z.enum(["ask", "notify", "broadcast", "reply"]));
export type MessageKind = z.infer<typeof messageKind>;

/**
 * `queued`: waits for a channel; `claimed`: held by a puller or a replay; `delivered`: proven; `sent`: handed over, unproven;
 * the others are ends.
 */
export const deliveryState = later(() => z.enum(["queued", "claimed", "delivered", "sent", "failed", "expired", "canceled"]));
export type DeliveryState = z.infer<typeof deliveryState>;

/** Text of a message. */
export const messageText = later(() =>
  z
    .string()
    .max(65_536)
    .refine((text) => text.trim() !== "", { message: "must not be blank", params: { issue: "blank" } })
    .refine((text) => !text.includes("\u0000"), { message: "must not contain U+0000", params: { issue: "format" } }),
);

/** A file that goes with a message, as its record tells it. */
export const attachedFile = later(() =>
  z.strictObject({
    id: z.string(),
    filename: z.string(),
    size_bytes: z.int(),
    content_type: z.string(),
    sha256: z.string().exactOptional(),
  }),
);
export type AttachedFile = z.infer<typeof attachedFile>;

/** The typed question of an ask, as its asker hands it in. */
export const askedQuestion = later(() =>
  z.strictObject({
    kind: questionKind,
    prompt: z.string().min(1).max(8000).exactOptional(),
    options: z.array(questionOption).min(1).max(16).exactOptional(),
    default_answer: z.string().max(65_536).exactOptional(),
  }),
);
export type AskedQuestion = z.infer<typeof askedQuestion>;

/** The typed answer that a reply carries. */
export const repliedAnswer = later(() =>
  z.strictObject({
    outcome: z.string(),
    option_id: z.string().exactOptional(),
    text: z.string().exactOptional(),
    message: z.string().exactOptional(),
  }),
);
export type RepliedAnswer = z.infer<typeof repliedAnswer>;

/** A message on its way to one peer, as it is stored and shown. */
export const message = later(() =>
  z.strictObject({
    delivery_id: z.string(),
    kind: messageKind,
    /** Its trace: an ask's `correlation_id`, else its own id, or the broadcast's. */
    trace_id: z.string(),
    from_peer_id: z.string(),
    from_name: z.string(),
    to_peer_id: z.string(),
    to_name: z.string(),
    circle: z.string(),
    text: z.string(),
    attachments: z.array(attachedFile).exactOptional(),
    /** Of asks and replies. */
    correlation_id: z.string().exactOptional(),
    reply_to: z.string().exactOptional(),
    question: askedQuestion.exactOptional(),
    close_reason: z.string().exactOptional(),
    answer: repliedAnswer.exactOptional(),
    via: z.literal("owner").exactOptional(),
    delivery_state: deliveryState,
    /** Why it is in this state. */
    reason: z.string().exactOptional(),
    /** The input it became. */
    run_id: z.string().exactOptional(),
    input_id: z.string().exactOptional(),
    created_at: z.string(),
    expires_at: z.string(),
    ended_at: z.string().exactOptional(),
  }),
);
export type Message = z.infer<typeof message>;

/** How far a message got, as the sending call answers it. */
export const delivery = later(() =>
  z.strictObject({
    delivery_id: z.string(),
    delivery_state: deliveryState,
    delivered: z.boolean(),
    queued: z.boolean(),
    reason: z.string().exactOptional(),
    from_peer_id: z.string(),
    to_peer_id: z.string(),
  }),
);
export type Delivery = z.infer<typeof delivery>;
