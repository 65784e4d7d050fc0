import * as z from "zod";
import { ask, askManyChild, askManyReport, closeReason } from "../../asks/schema.js";
import { attachmentList } from "../../attachments/schema.js";
import { later } from "../../later.js";
import { askedQuestion, attachedFile, deliveryState, messageText } from "../../messages/schema.js";
import { meshName, peerRef } from "../../peers/schema.js";
import { correlationId } from "./questions.js";
import { byPeerOrPane, direction, integer, meshList, word } from "./query.js";

const id = later(() => z.string().min(1).max(128));
/** An ask that is closed; `delivery_state` says how far the notice of its reply got. */
const acked = later(() =>
  z.strictObject({
    ok: z.literal(true),
    correlation_id: z.string(),
    close_reason: closeReason,
    delivery_state: deliveryState.exactOptional(),
  }),
);

/** Input and output of the operations of asks. */
export const askSchemas = {
  "asks.ask": {
    input: later(() =>
      z.strictObject({
        to_peer: peerRef,
        text: messageText,
        from_peer: peerRef.exactOptional(),
        circle: meshName.exactOptional(),
        bypass_circle: z.boolean().exactOptional(),
        attachments: attachmentList.exactOptional(),
        reply_to: id.exactOptional(),
        question: askedQuestion.exactOptional(),
        correlation_id: correlationId.exactOptional(),
        reply_from_turn: z.boolean().exactOptional(),
        if_unavailable: z.enum(["fail", "queue"]).exactOptional(),
        expires_ms: z.int().min(1000).max(2_592_000_000).exactOptional(),
      }),
    ),
    output: later(() =>
      z.strictObject({ correlation_id: z.string(), delivery_id: z.string(), delivery_state: deliveryState, to_peer_id: z.string() }),
    ),
  },
  "asks.ack": {
    input: later(() =>
      z.strictObject({
        correlation_id: id,
        message: messageText.exactOptional(),
        attachments: attachmentList.exactOptional(),
        from_peer: peerRef.exactOptional(),
      }),
    ),
    output: acked,
  },
  "asks.pending": {
    input: later(() =>
      z
        .strictObject({
          peer_id: peerRef.exactOptional(),
          pane_id: word.exactOptional(),
          direction: direction.exactOptional(),
          limit: integer(1, 100).exactOptional(),
        })
        .refine(byPeerOrPane.check, byPeerOrPane.params),
    ),
    output: later(() => z.strictObject({ asks: z.array(ask), total: z.int() })),
  },
  "asks.list": {
    input: later(() => z.strictObject({ state: z.enum(["open", "closed"]).exactOptional(), ...meshList() })),
    output: later(() => z.strictObject({ asks: z.array(ask), next_cursor: z.string().exactOptional() })),
  },
  "asks.get": { input: later(() => z.strictObject({ id })), output: ask },
  "asks.wait": {
    input: later(() => z.strictObject({ id, timeout_ms: z.int().min(1).max(50_000).exactOptional() })),
    output: later(() =>
      z.strictObject({
        correlation_id: z.string(),
        status: z.enum(["resolved", "pending"]),
        close_reason: closeReason.exactOptional(),
        reply_text: z.string().exactOptional(),
        outcome: z.string().exactOptional(),
        option_id: z.string().exactOptional(),
        text: z.string().exactOptional(),
        message: z.string().exactOptional(),
        replied_by: z.string().exactOptional(),
        attachments: z.array(attachedFile).exactOptional(),
      }),
    ),
  },
  "asks.decline": {
    input: later(() => z.strictObject({ id, message: messageText.exactOptional() })),
    output: acked,
  },
  "asks.cancel": {
    input: later(() => z.strictObject({ id })),
    output: acked,
  },
  "asks.askMany": {
    input: later(() =>
      z.strictObject({
        to_peers: z.array(peerRef).min(1).max(50),
        text: messageText,
        from_peer: peerRef.exactOptional(),
        circle: meshName.exactOptional(),
        bypass_circle: z.boolean().exactOptional(),
        attachments: attachmentList.exactOptional(),
        timeout_ms: z.int().min(1000).max(86_400_000).exactOptional(),
      }),
    ),
    output: later(() => z.strictObject({ parent_id: z.string(), children: z.array(askManyChild) })),
  },
  "asks.askManyResult": { input: later(() => z.strictObject({ id })), output: askManyReport },
};
