import { isAnodeError } from "../errors.js";
import { messageOf } from "../thrown.js";
import type { EndPayload, PermissionDenial } from "./event-payloads.js";
import type { Outcome } from "./executor.js";
import { type RunSummary, stopReason } from "./schema.js";

/** What of a terminal payload is known so far. */
export type EndFacts = { -readonly [Name in keyof EndPayload]?: EndPayload[Name] };

/** The outcome, if it is one: executors may be written without types, and a run must end in a status of the contract. */
export function checkedOutcome(outcome: Outcome): Outcome {
  const isOutcome = ["completed", "failed"].includes(outcome?.status) && stopReason.options.includes(outcome.stop_reason);
  if (isOutcome) return outcome;
  throw new TypeError("The executor ended without an outcome: it needs a status, completed or failed, and a stop_reason.");
}

/** What an executor's throw or rejection means. */
export function failedOutcome(error: unknown): Outcome {
  return {
    status: "failed",
    stop_reason: "error",
    error: messageOf(error) || "The executor failed.",
    error_code: isAnodeError(error) ? error.code : "executor_error",
  };
}

/** Why a run ended by itself, for the terminal payload. */
export function outcomeReason(outcome: Outcome | undefined): EndPayload {
  const reason: EndFacts & Pick<EndPayload, "stop_reason"> = { stop_reason: outcome?.stop_reason ?? "error" };
  if (outcome?.error !== undefined) reason.error = outcome.error;
  if (outcome?.error_code !== undefined) reason.error_code = outcome.error_code;
  if (outcome?.session_id !== undefined) reason.session_id = outcome.session_id;
  return reason;
}

const mostDenials = 100;
const reasonUnits = 1_000;

function shortened({ call_id, tool, reason }: PermissionDenial): PermissionDenial {
  return { call_id, tool, reason: reason.slice(0, reasonUnits) };
}

/** What is known of the work, however it ended. */
export function outcomeFacts(outcome: Outcome | undefined, record: RunSummary, lastText: string | undefined): EndFacts {
  const facts: EndFacts = {};
  const result = outcome?.result ?? lastText;
  const turns = outcome?.num_turns ?? record.num_turns;
  if (result !== undefined) facts.result = result;
  if (turns !== undefined) facts.num_turns = turns;
  if (record.usage) facts.usage = record.usage;
  if (record.cost_usd !== undefined) facts.cost_usd = record.cost_usd;
  if (outcome?.exit_code !== undefined) facts.exit_code = outcome.exit_code;
  if (outcome?.signal !== undefined) facts.signal = outcome.signal;
  // The first ones say what the work lacked; each has an event of its own beside.
  if (outcome?.permission_denials?.length) facts.permission_denials = outcome.permission_denials.slice(0, mostDenials).map(shortened);
  return facts;
}
