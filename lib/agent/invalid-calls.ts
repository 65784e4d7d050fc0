import type { Step } from "./ai-sdk.js";

/** A call that no tool can take, as the SDK tells it. */
interface InvalidCall {
  readonly toolCallId: string;
  readonly toolName: string;
  readonly error?: unknown;
}

/** What is wrong with a call, in the words of a tool's error result. */
export function problemOf({ toolName, error }: InvalidCall): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause.name === "AI_NoSuchToolError") return `error: unknown_tool: there is no tool ${toolName}`;
    if (cause.message.startsWith("error: ")) return cause.message;
  }
  return "error: invalid_arguments: the arguments are not one JSON object";
}

/** The problems of a step's invalid calls, by call. */
export function problemsOf(step: Pick<Step, "content">): Map<string, string> {
  const problems = new Map<string, string>();
  for (const part of step.content) {
    if (part.type === "tool-call" && part.invalid) problems.set(part.toolCallId, problemOf(part));
  }
  return problems;
}
