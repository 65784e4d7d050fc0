import * as z from "zod";
import { attachmentList } from "../../attachments/schema.js";
import { later } from "../../later.js";
import { delivery, deliveryState, message, messageKind, messageText } from "../../messages/schema.js";
import { meshName, peer, peerRef, peerRegistration, turnState } from "../../peers/schema.js";
import { trace } from "../../traces/schema.js";
import { byPeerOrPane, exactlyOne, integer, meshList, word } from "./query.js";

const notify = () => ({
  to_peer: peerRef,
  text: messageText,
  from_peer: peerRef.exactOptional(),
  circle: meshName.exactOptional(),
  bypass_circle: z.boolean().exactOptional(),
  attachments: attachmentList.exactOptional(),
  if_unavailable: z.enum(["fail", "queue"]).exactOptional(),
});
const broadcast = () => ({
  text: messageText,
  from_peer: peerRef.exactOptional(),
  circle: z.union([meshName, z.literal("*")]).exactOptional(),
  exclude: z.array(peerRef).max(1000).exactOptional(),
  attachments: attachmentList.exactOptional(),
});
const broadcastReply = later(() =>
  z.strictObject({
    delivery_ids: z.array(z.string()),
    delivered: z.array(z.string()),
    sent: z.array(z.string()),
    queued: z.array(z.string()),
    failed: z.array(z.strictObject({ peer_id: z.string(), code: z.string() })),
  }),
);
const byPeerNameOrPane = exactlyOne("peer_id", "peer_name", "pane_id");

/** What a runtime reports of one turn. */
const turnReport = later(() =>
  z.strictObject({
    turn_id: z.string().min(1).max(128),
    event: z.enum(["started", "ended"]),
    first_line: z.string().max(1024).exactOptional(),
    final_message: z.string().max(65_536).exactOptional(),
    stop_reason: z.string().max(64).exactOptional(),
  }),
);

/** Input and output of the operations of messages, deliveries and traces. */
export const messageSchemas = {
  "messages.notify": { input: later(() => z.strictObject(notify())), output: delivery },
  "messages.broadcast": { input: later(() => z.strictObject(broadcast())), output: broadcastReply },
  "messages.send": {
    input: later(() =>
      z.discriminatedUnion("kind", [
        z.strictObject({ kind: z.literal("notify"), ...notify() }),
        z.strictObject({ kind: z.literal("broadcast"), ...broadcast() }),
      ]),
    ),
    output: later(() => z.union([delivery, broadcastReply])),
  },
  "messages.list": {
    input: later(() => z.strictObject({ kind: messageKind.exactOptional(), state: deliveryState.exactOptional(), ...meshList() })),
    output: later(() => z.strictObject({ messages: z.array(message), next_cursor: z.string().exactOptional() })),
  },
  "messages.get": { input: later(() => z.strictObject({ delivery_id: word })), output: message },
  "messages.claim": {
    input: later(() =>
      z.strictObject({
        peer_id: peerRef.exactOptional(),
        limit: z.int().min(1).max(100).exactOptional(),
        lease_ms: z.int().min(1).max(300_000).exactOptional(),
      }),
    ),
    output: later(() =>
      z.strictObject({ claim_id: z.string().exactOptional(), lease_until: z.string().exactOptional(), messages: z.array(message) }),
    ),
  },
  "messages.confirm": {
    input: later(() => z.strictObject({ claim_id: word, delivery_ids: z.array(word).max(100).exactOptional() })),
    output: later(() => z.strictObject({ confirmed: z.int(), released: z.int() })),
  },
  "deliveries.pending": {
    input: later(() =>
      z
        .strictObject({ peer_id: peerRef.exactOptional(), pane_id: word.exactOptional(), limit: integer(1, 1000).exactOptional() })
        .refine(byPeerOrPane.check, byPeerOrPane.params),
    ),
    output: later(() => z.strictObject({ messages: z.array(message), total: z.int() })),
  },
  "session.update": {
    input: later(() =>
      z
        .strictObject({
          peer_id: word.exactOptional(),
          peer_name: peerRef.exactOptional(),
          pane_id: word.exactOptional(),
          status: z.enum(["online", "busy"]).exactOptional(),
          turn_state: turnState.exactOptional(),
          model: z.string().min(1).max(256).exactOptional(),
          session_id: z.string().min(1).max(256).exactOptional(),
          metadata: peerRegistration.shape.metadata,
          turn: turnReport.exactOptional(),
        })
        .refine(byPeerNameOrPane.check, byPeerNameOrPane.params)
        .refine((value) => ["status", "turn_state", "model", "session_id", "metadata", "turn"].some((name) => name in value), {
          message: "must change something: status, turn_state, model, session_id, metadata or turn",
          params: { issue: "required" },
        }),
    ),
    output: peer,
  },
  "traces.get": { input: later(() => z.strictObject({ trace_id: word })), output: trace },
};
