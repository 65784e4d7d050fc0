/** What differs between the runtimes whose tool calls are asked about. */
export interface Runtime {
  /** The events at which the hook may be called. */
  readonly events: readonly string[];
  /** Tools that are asked about where nothing else is configured: those that run or write something. */
  readonly gatedTools: readonly string[];
  /** What it wants to read when a call is allowed; nothing where its own flow goes on by itself. */
  allow(event: string, reason: string): object | undefined;
}

/** By the name of the backend. */
export const runtimes: Readonly<Record<string, Runtime>> = {
  "claude-code": {
    events: ["PreToolUse"],
    gatedTools: ["Bash", "Edit", "Write", "MultiEdit", "NotebookEdit"],
    allow: (hookEventName, permissionDecisionReason) => ({
      hookSpecificOutput: { hookEventName, permissionDecision: "allow", permissionDecisionReason },
    }),
  },
  codex: {
    events: ["PreToolUse", "PermissionRequest"],
    gatedTools: ["Bash", "apply_patch", "Edit", "Write"],
    // Before a tool it knows no allow, and takes one for a failure.
    allow: (hookEventName) =>
      hookEventName === "PermissionRequest" ? { hookSpecificOutput: { hookEventName, decision: { behavior: "allow" } } } : undefined,
  },
  gemini: {
    events: ["BeforeTool"],
    gatedTools: ["run_shell_command", "write_file", "replace"],
    allow: () => ({ decision: "allow" }),
  },
  opencode: {
    events: ["tool.execute.before"],
    gatedTools: ["bash", "edit", "write", "apply_patch"],
    allow: () => undefined,
  },
};

/** True when one of the names or globs (`*` stands for any text) is the tool's. */
export function isGated(tool: string, globs: readonly string[]): boolean {
  return globs.some((glob) => matches(tool, glob));
}

/** By looking for each part behind the one before: a pattern made of the glob could take very long. */
function matches(text: string, glob: string): boolean {
  const [first = "", ...parts] = glob.split("*");
  const last = parts.pop();
  if (last === undefined) return text === glob;
  let at = text.startsWith(first) ? first.length : -1;
  for (const part of parts) {
    if (at < 0) return false;
    const found = text.indexOf(part, at);
    at = found < 0 ? -1 : found + part.length;
  }
  return at >= 0 && at + last.length <= text.length && text.endsWith(last);
}
