import type { RunContext } from "../runs/executor.js";

/** Tells the run's readers of something that is not as it should be. */
export type Notice = (level: "info" | "warning" | "error", code: string, text: string) => Promise<void>;

/** The notices of a run. */
export function noticesOf({ emit }: Pick<RunContext, "emit">): Notice {
  return async (level, code, text) => {
    await emit("system.notice", { level, code, text });
  };
}
