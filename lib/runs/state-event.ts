import type { Draft } from "../events/journal.js";
import type { RunSummary } from "./schema.js";

/** The `run.state` event of the feed: a run's status has changed. */
export function stateEvent(before: RunSummary | undefined, record: RunSummary): Draft {
  const { id, status, origin, profile, label, parent_id, stop_reason } = record;
  const payload: Record<string, unknown> = { run_id: id };
  if (before) payload["from"] = before.status;
  payload["to"] = status;
  payload["origin"] = origin;
  payload["profile"] = profile;
  payload["label"] = label;
  if (parent_id !== undefined) payload["parent_id"] = parent_id;
  if (stop_reason !== undefined) payload["stop_reason"] = stop_reason;
  return { type: "run.state", run_id: id, payload };
}
