import { isAnodeError } from "../errors.js";
import type { Outcome } from "../runs/executor.js";
import { RefusedByAgent } from "./agent-link.js";
import { asText, at } from "./read.js";

/** How a prompt's result ends the work. */
export function outcomeOf(result: unknown, said: string | undefined, isBroken: boolean): Outcome {
  const text = said === undefined ? {} : { result: said };
  const failed = (error_code: string, error: string, stop_reason: Outcome["stop_reason"] = "error"): Outcome => ({
    status: "failed",
    stop_reason,
    error_code,
    error,
    ...text,
  });
  switch (asText(at(result, "stopReason"))) {
    case "end_turn":
      // One agent ends its prompt in order though its model failed, and tells so beside.
      return isBroken
        ? failed("model_error", said || "The agent reports an error of its model.")
        : { status: "completed", stop_reason: "end_turn", ...text };
    case "max_tokens":
      return { status: "completed", stop_reason: "output_limit", ...text };
    case "max_turn_requests":
      return failed("max_turns", "The agent's own limit of turns was reached.", "max_turns");
    case "refusal":
      return failed("refusal", "The model refused.", "refusal");
    case "cancelled":
      return failed("agent_canceled", "The agent says that it was canceled, though not by us.");
    default:
      return failed("model_error", `The agent ended its prompt for no reason we know: ${JSON.stringify(at(result, "stopReason"))}.`);
  }
}

const authRequired = -32_000;

/** What went wrong, as an outcome; `undefined` for what is no failure of the agent's. */
export function outcomeOfError(error: unknown): Outcome | undefined {
  const failed = (error_code: string, message: string): Outcome => ({ status: "failed", stop_reason: "error", error_code, error: message });
  if (error instanceof RefusedByAgent) return failed(error.code === authRequired ? "model_auth" : "model_error", wordsOf(error));
  return isAnodeError(error) ? failed(error.code, error.message) : undefined;
}

/** The agent's message, with what it adds to it. */
export function wordsOf({ message, data }: RefusedByAgent): string {
  const detail = asText(at(data, "details")) ?? asText(at(data, "message")) ?? asText(data);
  return (detail === undefined || message.includes(detail) ? message : `${message}: ${detail}`) || "The agent refused its prompt.";
}
