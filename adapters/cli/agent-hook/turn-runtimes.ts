/** How a runtime wants to be answered by the hooks of its session and turns. */
export interface TurnRuntime {
  /** Tells the agent something at the start of its session; a plugin that holds a socket itself is told who it is on it. */
  context(text: string, own: object): object;
  /** Lets a turn that is about to end go on. */
  goOn(reason: string): object;
  /** Its plugin holds the peer's socket, so that no program of ours does. */
  readonly hasPlugin?: true;
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
  opencode: { context: (introduction, own) => ({ own, introduction }), goOn: block, hasPlugin: true },
};
