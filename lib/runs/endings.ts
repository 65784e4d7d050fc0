import { AnodeError } from "../errors.js";
import type { DenyReason } from "../questions/schema.js";
import { budgetStopReason, type Crossing } from "./budget.js";
import type { EndPayload } from "./event-payloads.js";
import type { RunSummary } from "./schema.js";

/** How a run is made to end, decided before its executor has settled. */
export interface Ending {
  readonly type: "run.canceled" | "run.failed" | "run.interrupted";
  /** What the executor sees as `signal.reason`. */
  readonly reason: AnodeError;
  /** How open approvals are denied. */
  readonly deny: DenyReason;
  readonly payload: EndPayload;
}

/** A caller canceled the run. */
export function canceledBy(by: string, reason: string | undefined): Ending {
  return {
    type: "run.canceled",
    reason: new AnodeError("canceled", "The run was canceled."),
    deny: "canceled",
    payload: { stop_reason: "canceled", by, ...(reason !== undefined && { reason }) },
  };
}

/** The run above has ended. */
export function parentEnded(parentId: string): Ending {
  return {
    type: "run.canceled",
    reason: new AnodeError("parent_ended", "The parent run has ended."),
    deny: "canceled",
    payload: { stop_reason: "parent_ended", by: parentId },
  };
}

/** A budget is used up. */
export function overBudget(crossing: Crossing): Ending {
  const error = `The budget ${crossing.name} of ${crossing.limit} is used up.`;
  return {
    type: "run.failed",
    reason: new AnodeError("budget_exceeded", error),
    deny: "canceled",
    payload: { stop_reason: budgetStopReason(crossing.name), error, error_code: "budget_exceeded" },
  };
}

/** The manager is closing. */
export function shutDown(): Ending {
  return {
    type: "run.interrupted",
    reason: new AnodeError("shutting_down", "The daemon is shutting down."),
    deny: "shutdown",
    payload: { stop_reason: "shutdown", error: "The daemon shut down while the run was active.", error_code: "daemon_shutdown" },
  };
}

/** The process that held the run had died. */
export function crashed(): Ending {
  return {
    type: "run.interrupted",
    reason: new AnodeError("shutting_down", "The daemon had ended."),
    deny: "restart",
    payload: { stop_reason: "crash", error: "The daemon or its host had died while the run was active.", error_code: "daemon_restart" },
  };
}

/** What a call for a run that is over, or about to be, is told. */
export function runFinished({ status }: RunSummary): AnodeError {
  return new AnodeError("run_finished", `The run is ${status}.`, { details: { run_status: status } });
}
