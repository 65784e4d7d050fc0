import * as z from "zod";
import { attachmentList } from "../attachments/schema.js";
import { later } from "../later.js";
import { capability, peerRegistration, peerStatus, peerUpdate, turnState } from "../peers/schema.js";
import { askedQuestion, attachedFile, repliedAnswer } from "./schema.js";

const id = later(() => z.string().min(1).max(128));
const detail = later(() => z.string().max(500));
const said = () => ({
  display_name: peerUpdate.shape.display_name,
  circle: peerUpdate.shape.circle,
  description: peerUpdate.shape.description,
  model: peerUpdate.shape.model,
  metadata: peerUpdate.shape.metadata,
});

/** How an agent or a service took a message. */
export const receiptStatus = later(() => z.enum(["injected", "rejected", "failed"]));
export type ReceiptStatus = z.infer<typeof receiptStatus>;

/** What a client sends. Members that an operation checks anyway are checked there. */
export const clientFrames = {
  connect: later(() =>
    z.strictObject({
      type: z.literal("connect"),
      v: z.literal(1),
      ...peerRegistration.shape,
      hook_version: z.int().min(1).max(1_000_000).exactOptional(),
      capabilities: z.array(capability).max(8).exactOptional(),
      auth_token: z.string().min(1).max(4096).exactOptional(),
    }),
  ),
  status: later(() =>
    z.strictObject({
      type: z.literal("status"),
      status: peerStatus.exclude(["offline"]).exactOptional(),
      turn_state: turnState.exactOptional(),
      turn: z.record(z.string(), z.unknown()).exactOptional(),
    }),
  ),
  update: later(() => z.strictObject({ type: z.literal("update"), ...said() })),
  pong: later(() => z.strictObject({ type: z.literal("pong"), nonce: id, pane_alive: z.boolean().exactOptional() })),
  delivery_ack: later(() =>
    z.strictObject({ type: z.literal("delivery_ack"), delivery_id: id, status: receiptStatus, detail: detail.exactOptional() }),
  ),
  reply: later(() =>
    z.strictObject({
      type: z.literal("reply"),
      correlation_id: id,
      message: z.string().exactOptional(),
      attachments: attachmentList.exactOptional(),
      option_id: z.string().exactOptional(),
      text: z.string().exactOptional(),
      outcome: z.string().exactOptional(),
      digest: z.string().exactOptional(),
    }),
  ),
  error: later(() =>
    z.strictObject({ type: z.literal("error"), delivery_id: id.exactOptional(), code: z.string().max(64), detail: detail.exactOptional() }),
  ),
};

/** The frames a client may send, by type. */
export type ClientFrame = { [Type in keyof typeof clientFrames]: z.infer<(typeof clientFrames)[Type]> }[keyof typeof clientFrames];
export type ConnectFrame = z.infer<typeof clientFrames.connect>;
export type ReplyFrame = z.infer<typeof clientFrames.reply>;

const delivered = () => ({
  delivery_id: z.string(),
  from_peer: z.string(),
  from_peer_id: z.string(),
  to_peer_id: z.string(),
  text: z.string(),
});
const more = () => ({ attachments: z.array(attachedFile).exactOptional(), replay: z.literal(true).exactOptional() });

/** What the daemon sends. */
export const daemonFrames = {
  connected: later(() =>
    z.strictObject({
      type: z.literal("connected"),
      peer_id: z.string(),
      display_name: z.string(),
      circle: z.string(),
      peer_token: z.string().exactOptional(),
      queued: z.int(),
      heartbeat_ms: z.int(),
    }),
  ),
  ask: later(() =>
    z.strictObject({
      type: z.literal("ask"),
      ...delivered(),
      correlation_id: z.string(),
      to_peer: z.string(),
      reply_to: z.string().exactOptional(),
      question: askedQuestion.exactOptional(),
      ...more(),
    }),
  ),
  notify: later(() => z.strictObject({ type: z.literal("notify"), ...delivered(), ...more() })),
  broadcast: later(() => z.strictObject({ type: z.literal("broadcast"), ...delivered(), ...more() })),
  reply: later(() =>
    z.strictObject({
      type: z.literal("reply"),
      delivery_id: z.string(),
      correlation_id: z.string(),
      from_peer: z.string(),
      close_reason: z.string(),
      text: z.string().exactOptional(),
      answer: repliedAnswer.exactOptional(),
      ...more(),
    }),
  ),
  ping: later(() => z.strictObject({ type: z.literal("ping"), nonce: z.string() })),
  /** `for` is the `correlation_id` of the reply, or `update`. */
  result: later(() => z.strictObject({ type: z.literal("result"), for: z.string(), ok: z.boolean(), code: z.string().exactOptional() })),
  error: later(() => z.strictObject({ type: z.literal("error"), code: z.string(), detail: z.string() })),
};

/** The frames the daemon may send, by type. */
export type DaemonFrame = { [Type in keyof typeof daemonFrames]: z.infer<(typeof daemonFrames)[Type]> }[keyof typeof daemonFrames];
export type ConnectedFrame = z.infer<typeof daemonFrames.connected>;
/** A message on a socket. */
export type MessageFrame = Extract<DaemonFrame, { readonly delivery_id: string }>;
