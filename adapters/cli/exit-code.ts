import { entryOf, isAnodeError, isErrorCode } from "../../lib/errors.js";

const exitOfRunStatus: Readonly<Record<string, number>> = { completed: 0, failed: 1, canceled: 5, interrupted: 9 };
const exitOfHttpStatus: Readonly<Record<number, number>> = {
  400: 2,
  401: 6,
  403: 6,
  404: 4,
  409: 8,
  410: 4,
  412: 8,
  421: 6,
  422: 2,
  429: 8,
  503: 8,
  507: 8,
};

/** True for a status that a run never leaves. */
export function isEnded(status: string | undefined): status is string {
  return status !== undefined && Object.hasOwn(exitOfRunStatus, status);
}

/** Exit code for the status a run ended with: 0 completed, 1 failed, 5 canceled, 9 interrupted. */
export function exitOfRun(status: string): number {
  return exitOfRunStatus[status] ?? 1;
}

/** Exit code for whatever a command threw: that of its code; where a code came with another status than its own, that of the status. */
export function exitOfError(error: unknown): number {
  if (!isAnodeError(error)) return hasExit(error) ? error.exit : 1;
  const entry = isErrorCode(error.code) ? entryOf(error.code) : undefined;
  if (entry && (error.status === undefined || error.status === entry.status)) return entry.exit;
  return exitOfHttpStatus[error.status ?? 0] ?? 1;
}

/** A daemon that refuses to start says its own exit code. */
function hasExit(error: unknown): error is { readonly exit: number } {
  return typeof error === "object" && error !== null && "exit" in error && Number.isInteger(error.exit);
}
