import type { Executor, Outcome, RunContext } from "./executor.js";
import { type Supports, supportsNothing } from "./normal-request.js";

/**
 * An executor made of one function. What it returns is the result (text), a whole outcome, or nothing; a throw fails
 * the run. Without `supports` it can ask questions and take follow-up input; anything else is refused at the start.
 */
export function functionExecutor(
  run: (context: RunContext) => Promise<string | Outcome | void> | string | Outcome | void,
  supports: Partial<Supports> = {},
): Executor {
  return {
    kind: "function",
    supports: { ...supportsNothing, questions: true, steer: true, queue: true, ...supports },
    async execute(context) {
      const result = await run(context);
      if (typeof result === "object") return result;
      return { status: "completed", stop_reason: "end_turn", ...(typeof result === "string" && { result }) };
    },
  };
}
