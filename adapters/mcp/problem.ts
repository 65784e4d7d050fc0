import { AnodeError, isAnodeError } from "../../lib/errors.js";

/**
 * The problem document of a refused or failed call, as every face gives it.
 * An error that is not ours becomes `internal` and tells nothing of itself.
 */
export function toProblem(error: unknown): Record<string, unknown> {
  const known = isAnodeError(error) ? error : new AnodeError("internal", "This is a defect of the server; its log has the details.");
  const title = known.code.replaceAll("_", " ");
  return {
    ...known.details,
    type: `urn:anode:error:${known.code}`,
    title: title.charAt(0).toUpperCase() + title.slice(1),
    ...(known.status !== undefined && { status: known.status }),
    detail: known.message,
    code: known.code,
  };
}
