import { ToolError } from "./tool-error.js";

/** What is searched for. */
export interface Search {
  readonly pattern: string;
  readonly caseSensitive: boolean;
  readonly context: number;
  readonly limit: number;
  /** Where: a file or folder, as a real path, and how the model wrote it. */
  readonly real: string;
  readonly isFile: boolean;
  readonly shown: string | undefined;
  readonly glob: ((path: string) => boolean) | undefined;
}

/** Lines of the form `path:line:text`, those around a match with `-`. */
export interface SearchResult {
  readonly lines: readonly string[];
  readonly isCut: boolean;
}

const lineUnits = 500;

/** A line of a result, cut where it would only be noise. */
export function shortLine(text: string): string {
  return text.length <= lineUnits ? text : `${text.slice(0, lineUnits).toWellFormed()} [… ${text.length - lineUnits} characters omitted …]`;
}

/** @throws ToolError `invalid_pattern` */
export function invalidPattern(message: string): ToolError {
  return new ToolError("invalid_pattern", message);
}
