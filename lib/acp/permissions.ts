import type { OpenPermissions, PermissionCall } from "../permissions/schema.js";
import type { ToolCall } from "./tool-calls.js";

const reads = new Set(["auto_read", "external_read"]);

/**
 * The rules where none are handed in, on the careful side: what only reads is allowed, everything else is asked for
 * unless the run is unrestricted, and a grant holds for the very same command or for the same tool.
 */
export const plainPermissions: OpenPermissions = ({ mode, readOnly }) => {
  const granted = new Set<string>();
  return {
    decide(call) {
      if (reads.has(call.level)) return { action: "allow" };
      if (readOnly) return { action: "deny", reason: "The run is read-only." };
      if (mode === "unrestricted" || granted.has(likeness(call))) return { action: "allow" };
      return { action: "ask" };
    },
    grant: (call) => void granted.add(likeness(call)),
  };
};

function likeness({ level, name, command }: PermissionCall): string {
  return level === "confirm_execute" ? JSON.stringify([name, command]) : JSON.stringify([level]);
}

const pathArguments = ["path", "file_path", "filePath", "filepath", "abs_path", "absolute_path", "notebook_path"];

/** A call as the rules see it. */
export function toPermissionCall({ call_id, name, kind, level, args, locations, diffs }: ToolCall): PermissionCall {
  const named = pathArguments.flatMap((argument) => (typeof args[argument] === "string" ? [args[argument]] : []));
  const paths = new Set([...locations.map(({ path }) => path), ...diffs.map(({ path }) => path), ...named]);
  const command = kind === "execute" ? commandOf(args["command"]) : undefined;
  return { call_id, name, level, args, paths: [...paths], ...(kind !== undefined && { kind }), ...(command !== undefined && { command }) };
}

/** A command line is a text, or the words of one. */
function commandOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (!Array.isArray(value) || !value.every((word) => typeof word === "string")) return undefined;
  return value.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`)).join(" ");
}
