/** How a runtime wants to be answered by the hooks of its session and turns. */
export interface TurnRuntime {
  /** Tells the agent something at the start of its session. */
  context(text: string): object;
  /** Lets a turn that is about to end go on. */
  goOn(reason: string): object;
  /** What it wants to read where nothing is said; else nothing is printed. */
  readonly nothing?: object;
}

const context = (additionalContext: string): object => ({
  hookSpecificOutput: { hookEventName: "SessionStart", additionalContext },
});
const block = (reason: string): object => ({ decision: "block", reason });

/** By the name of the backend. */
export const turnRuntimes: Readonly<Record<string, TurnRuntime>> = {
  "claude-code": { context, goOn: block },
  codex: { context, goOn: block },
  gemini: { context, goOn: (reason) => ({ decision: "deny", reason }), nothing: { decision: "allow" } },
};
