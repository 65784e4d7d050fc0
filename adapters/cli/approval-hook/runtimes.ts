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
};

/** True when one of the names or globs (`*` stands for any text) is the tool's. */
export function isGated(tool: string, globs: readonly string[]): boolean {
  return globs.some((glob) => {
    const pattern = glob.split("*").map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, "\\$&"));
    return new RegExp(`^${pattern.join(".*")}$`, "s").test(tool);
  });
}
