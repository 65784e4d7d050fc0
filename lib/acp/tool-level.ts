import type { ToolLevel } from "../permissions/schema.js";

const levels: Readonly<Record<string, ToolLevel>> = {
  read: "auto_read",
  search: "auto_read",
  think: "auto_read",
  fetch: "external_read",
  edit: "confirm_write",
  delete: "confirm_write",
  move: "confirm_write",
};

/** The level of a kind of tool; what is not known may do anything. */
export function levelOf(kind: string | undefined): ToolLevel {
  return (kind !== undefined && Object.hasOwn(levels, kind) && levels[kind]) || "confirm_execute";
}
