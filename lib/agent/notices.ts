import type { RunContext } from "../runs/executor.js";

/** What notices of the built-in agent are about. */
export type NoticeCode =
  | "check_skipped"
  | "guidance_left_out"
  | "hooks_untrusted"
  | "mcp_auth_required"
  | "mcp_failed"
  | "mesh_unavailable"
  | "model_warning"
  | "plugin_failed"
  | "plugin_lost"
  | "skill_skipped"
  | "toolbox_skipped";

/** Tells the run's readers of something that is not as it should be. */
export type Notice = (level: "info" | "warning" | "error", code: NoticeCode, text: string) => Promise<void>;

/** The notices of a run. */
export function noticesOf({ emit }: Pick<RunContext, "emit">): Notice {
  return async (level, code, text) => {
    await emit("system.notice", { level, code, text });
  };
}
