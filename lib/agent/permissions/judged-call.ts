import type { ToolLevel } from "../tool.js";

/** A path of a call, as it really is. */
export interface JudgedPath {
  /** As the model wrote it. */
  readonly path: string;
  readonly real: string;
  /** Relative to the workspace, when it is inside. */
  readonly relative?: string;
  /** True where the call may go without a question: in the workspace, or for reading in a read root. */
  readonly isOpen: boolean;
  /** True in the daemon's own folder. */
  readonly isHome: boolean;
  readonly writes: boolean;
}

/** A call as the rules see it. */
export interface JudgedCall {
  readonly call_id: string;
  /** The tool's own name, never an alias. */
  readonly name: string;
  readonly level: ToolLevel;
  readonly isOpaque: boolean;
  readonly args: Readonly<Record<string, unknown>>;
  readonly paths: readonly JudgedPath[];
}

/** The shell text of a call of `bash`. */
export function commandOf({ name, args }: Pick<JudgedCall, "name" | "args">): string | undefined {
  return name === "bash" && typeof args["command"] === "string" ? args["command"] : undefined;
}
