import type { Operation } from "../operation.js";

const none = { aliases: [], body: "none", limit_bytes: 0, idempotent: false, reply: "json" } as const;
const json = { aliases: [], body: "json", limit_bytes: 524_288, idempotent: false, reply: "json" } as const;
const keyed = ["idempotency_in_flight", "idempotency_mismatch", "storage_full"] as const;
const named = ["peer_not_found", "ambiguous_peer", "peer_retired"] as const;
const sending = [...keyed, "sender_mismatch", "sender_not_found", "circle_forbidden", "attachment_not_found"] as const;

/** The operations of messages, deliveries and traces. */
export const messageRows: readonly Operation[] = [
  {
    ...json,
    name: "messages.notify",
    method: "POST",
    path: "/notify",
    scope: "control",
    success: 200,
    codes: [...named, ...sending, "inbox_full", "no_live_transport"],
    idempotent: true,
    tool: "notify_peer",
    summary: "Send a peer a message that needs no reply.",
  },
  {
    ...json,
    name: "messages.broadcast",
    method: "POST",
    path: "/broadcast",
    scope: "control",
    success: 200,
    codes: [...sending],
    idempotent: true,
    tool: "broadcast",
    summary: "Send a message to the live peers of a circle.",
  },
  {
    ...json,
    name: "messages.send",
    method: "POST",
    path: "/messages",
    scope: "control",
    success: 200,
    codes: [...named, ...sending, "inbox_full", "no_live_transport"],
    idempotent: true,
    summary: "Notify or broadcast, as kind says.",
  },
  {
    ...none,
    name: "messages.list",
    method: "GET",
    path: "/messages",
    scope: "read",
    success: 200,
    codes: [...named, "invalid_cursor"],
    items: "messages",
    summary: "List messages, newest first.",
  },
  {
    ...none,
    name: "messages.get",
    method: "GET",
    path: "/messages/{delivery_id}",
    scope: "read",
    success: 200,
    codes: ["message_not_found"],
    summary: "Get a message and how far it got.",
  },
  {
    ...none,
    name: "deliveries.pending",
    method: "GET",
    path: "/deliveries/pending",
    scope: "read",
    success: 200,
    codes: [...named, "invalid_pane_id"],
    items: "messages",
    summary: "Messages that wait for a peer, oldest first; reading removes nothing.",
  },
  {
    ...json,
    name: "session.update",
    method: "POST",
    path: "/session/update",
    scope: "control",
    success: 200,
    codes: [...named, "invalid_pane_id", "identity_unproven", "storage_full"],
    summary: "Report what a peer's session does: status, turn, model.",
  },
  {
    ...none,
    name: "traces.get",
    method: "GET",
    path: "/traces/{trace_id}",
    scope: "read",
    success: 200,
    codes: ["trace_not_found"],
    tool: "trace",
    summary: "What was seen to happen to an ask or a message, stage by stage.",
  },
];
