import type { FeedDraft } from "../events/step.js";
import type { RunEventPayloads } from "./event-payloads.js";
import type { RunSummary } from "./schema.js";

type State = RunEventPayloads["run.state"];

/** The `run.state` event of the feed: a run's status has changed. */
export function stateEvent(before: RunSummary | undefined, record: RunSummary): FeedDraft {
  const { id, status, origin, profile, label, parent_id, stop_reason } = record;
  const payload: { -readonly [Name in keyof State]: State[Name] } = before
    ? { run_id: id, from: before.status, to: status, origin, profile, label }
    : { run_id: id, to: status, origin, profile, label };
  if (parent_id !== undefined) payload.parent_id = parent_id;
  if (stop_reason !== undefined) payload.stop_reason = stop_reason;
  return { type: "run.state", run_id: id, payload };
}
