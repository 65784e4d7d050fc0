import type { StreamEvent } from "../../lib/events/event.js";

/** What the events of a run are to a reader: one row may be several of them. */
export interface Row {
  readonly key: string;
  readonly kind: "turn" | "text" | "tool" | "output" | "question" | "gap" | "state" | "note";
  /** `user`, `assistant`, `reasoning`; a tool's name; a stream's name; a type. */
  title: string;
  text: string;
  /** What a tool was called with. */
  args?: unknown;
  /** How a tool's call went. */
  outcome?: "open" | "ok" | "failed" | "denied";
  /** A preview: the event that has the whole of it is still to come. */
  isGrowing?: boolean;
  /** The question of the row. */
  questionId?: string;
  /** Another number = draw it again. */
  version: number;
  /** The events it stands for, as they came. */
  readonly events: StreamEvent[];
}

/** A value for a line of text. */
export function lineOf(value: unknown): string {
  return typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
}
