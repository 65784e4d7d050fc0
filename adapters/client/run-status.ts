import type { RunStatus } from "../../lib/runs/schema.js";

const terminal: ReadonlySet<string> = new Set<RunStatus>(["completed", "failed", "canceled", "interrupted"]);

/** True for a status that never changes again. */
export function isTerminal(status: string | undefined): boolean {
  return status !== undefined && terminal.has(status);
}
