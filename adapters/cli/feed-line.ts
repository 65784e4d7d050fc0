import type { StreamEvent } from "../../lib/events/event.js";
import { shorten } from "./table.js";

type Payload = Readonly<Record<string, unknown>>;

const detailColumns = 160;

/** What is worth a look, by type; of a type that is not known, its payload. */
const details: Readonly<Record<string, (payload: Payload) => readonly unknown[]>> = {
  "run.state": ({ from, to, stop_reason, profile, label }) => [
    from === undefined ? to : `${String(from)} -> ${String(to)}`,
    stop_reason,
    profile,
    label,
  ],
  "question.asked": ({ question_id, scope, prompt }) => [question_id, scope, prompt],
  "question.closed": ({ question_id, outcome, decision, reason }) => [question_id, outcome, decision, reason],
  "peer.registered": ({ display_name, backend, circle, status }) => [display_name, backend, circle, status],
  "peer.status": ({ display_name, from, to, turn_state, reason }) => [display_name, `${String(from)} -> ${String(to)}`, turn_state, reason],
  "peer.retired": ({ display_name, reason }) => [display_name, reason],
  "ask.opened": ({ correlation_id, text, ...between }) => [correlation_id, whoToWhom(between), text],
  "ask.delivered": ({ correlation_id, ...between }) => [correlation_id, whoToWhom(between)],
  "ask.closed": ({ correlation_id, close_reason, reply_text, ...between }) => [
    correlation_id,
    whoToWhom(between),
    close_reason,
    reply_text,
  ],
  "message.sent": ({ delivery_id, kind, text, ...between }) => [delivery_id, kind, whoToWhom(between), text],
  "message.state": ({ delivery_id, kind, delivery_state, reason }) => [delivery_id, kind, delivery_state, reason],
  "system.gap": ({ from_seq, to_seq }) => [`events ${String(from_seq)} to ${String(to_seq)} are no longer kept`],
};

/** The types of the feed, in the order of the alphabet. An embedder's own and those of a newer daemon come beside them. */
export const feedTypes: readonly string[] = [
  ...Object.keys(details),
  "message.expired",
  "pane.claim_rejected",
  "peer.contradiction",
  "peer.turn",
  "peer.updated",
  "reply.undeliverable",
  "system.notice",
].sort();

function whoToWhom({ from_name, to_name }: Payload): string {
  return `${String(from_name)} -> ${String(to_name)}`;
}

/** An event of the feed as one line: when, its seq, what, of whom, and what of it. */
export function feedLine({ time, seq, type, run_id, peer_id, payload }: StreamEvent): string {
  const told = details[type]?.(payload) ?? [JSON.stringify(payload)];
  const parts = [run_id, peer_id, ...told].filter((part) => part !== undefined && part !== "");
  return `${time}  ${seq}  ${type}  ${shorten(parts.map(String).join(" "), detailColumns)}`;
}
