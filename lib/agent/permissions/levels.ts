import type { ApprovalMode } from "../../runs/schema.js";
import type { AgentConfig } from "../config-schema.js";
import type { ToolLevel } from "../tool.js";

/** How far a run's tools may go unasked. */
export interface PermissionMode {
  readonly mode: ApprovalMode;
  /** Everything but reading in the workspace asks. */
  readonly isStrict: boolean;
}

/** The mode of a run: what was asked for within its ceiling, and never above the preset `strict`. */
export function permissionMode(requested: ApprovalMode, { permissionPreset }: AgentConfig): PermissionMode {
  const isStrict = permissionPreset === "strict";
  return { mode: isStrict ? "ask" : requested, isStrict };
}

/** What the table says of a call; `looksDestructive` is asked for only where it matters. */
export function decideByLevel(
  level: ToolLevel,
  { mode, isStrict }: PermissionMode,
  call: { readonly isOpaque: boolean; readonly looksDestructive: () => boolean },
): "allow" | "ask" | "deny" {
  if (level === "unavailable") return "deny";
  if (mode === "unrestricted") return "allow";
  // To ask whether something may be asked would be one question too many.
  if (isStrict && level !== "auto_read" && level !== "interactive") return "ask";
  if (level === "confirm_write") return "ask";
  if (level !== "confirm_execute") return "allow";
  return mode === "auto" && !call.isOpaque && !call.looksDestructive() ? "allow" : "ask";
}
