import type { Result } from "../operation.js";

/** The plain success of an operation: 200 with its document. */
export function ok(body: unknown): Result {
  return { status: 200, body };
}
