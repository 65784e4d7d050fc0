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
  "system.gap": ({ from_seq, to_seq }) => [`events ${String(from_seq)} to ${String(to_seq)} are no longer kept`],
};

/** An event of the feed as one line: when, its seq, what, of whom, and what of it. */
export function feedLine({ time, seq, type, run_id, peer_id, payload }: StreamEvent): string {
  const told = details[type]?.(payload) ?? [JSON.stringify(payload)];
  const parts = [run_id, peer_id, ...told].filter((part) => part !== undefined && part !== "");
  return `${time}  ${seq}  ${type}  ${shorten(parts.map(String).join(" "), detailColumns)}`;
}
