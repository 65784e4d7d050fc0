import type { Ask } from "../../lib/asks/schema.js";
import type { Message } from "../../lib/messages/schema.js";
import type { StreamEvent } from "../../lib/events/event.js";
import { escapeControls } from "./escape.js";

/** What waits for somebody: an ask, a note, a broadcast or a reply. */
export interface InboxItem {
  readonly kind: string;
  /** An ask's own id, to be closed by; else that of the delivery. */
  readonly id: string;
  readonly from: string;
  readonly time: string;
  readonly text: string;
}

/** An open ask. */
export function itemOfAsk({ correlation_id, from_name, created_at, text }: Ask): InboxItem {
  return { kind: "ask", id: correlation_id, from: from_name, time: created_at, text };
}

/** A message that waits. */
export function itemOfMessage({ kind, delivery_id, correlation_id, from_name, created_at, text }: Message): InboxItem {
  return { kind, id: kind === "reply" ? (correlation_id ?? delivery_id) : delivery_id, from: from_name, time: created_at, text };
}

/** What an event of the feed puts into the inbox of a peer; `undefined` for every other event. */
export function itemOfEvent({ type, time, payload }: StreamEvent, peerId: string): InboxItem | undefined {
  if (payload["to_peer_id"] !== peerId) return undefined;
  const text = (name: string): string => String(payload[name] ?? "");
  if (type === "ask.opened") return { kind: "ask", id: text("correlation_id"), from: text("from_name"), time, text: text("text") };
  if (type !== "message.sent" || payload["kind"] === "ask") return undefined;
  const kind = text("kind");
  return { kind, id: text(kind === "reply" ? "correlation_id" : "delivery_id"), from: text("from_name"), time, text: text("text") };
}

/** A line that says what it is, and the text below it, moved in: no text can look like such a line. */
export function inboxLines({ kind, id, from, time, text }: InboxItem): string {
  const lines = text.split(/\r\n|[\n\r\u0085\u2028\u2029]/).map((line) => `  ${escapeControls(line)}`);
  return [`${kind} ${id} from ${from}  ${time}`, ...lines, ""].map((line) => `${line.trimEnd()}\n`).join("");
}
