import { codeOf, messageOf } from "../../thrown.js";

/** What may be wrong with a call; stands in the result's text as `error: <code>: `. */
export type ToolErrorCode =
  | "binary_file"
  | "changed_on_disk"
  | "denied"
  | "exists"
  | "failed"
  | "interrupted"
  | "invalid_arguments"
  | "invalid_pattern"
  | "no_match"
  | "not_found"
  | "not_read"
  | "not_unique"
  | "patch_failed"
  | "timed_out"
  | "too_large"
  | "unavailable";

/** A call that cannot be done as asked; it becomes an error result, never a failure of the run. */
export class ToolError extends Error {
  readonly code: ToolErrorCode;

  constructor(code: ToolErrorCode, message: string) {
    super(message);
    this.name = "ToolError";
    this.code = code;
  }
}

/** What a failed call to the system means to the model. */
export function toToolError(error: unknown, path: string): ToolError {
  if (error instanceof ToolError) return error;
  const code = codeOf(error) ?? "";
  if (code === "ENOENT" || code === "ENOTDIR") return new ToolError("not_found", `${path} does not exist`);
  if (code === "EEXIST") return new ToolError("exists", `${path} exists already`);
  return new ToolError("failed", `${path}: ${code || messageOf(error)}`);
}
