import { type AgentConfig, agentProfiles } from "../../lib/agent/settings/index.js";
import type { ApprovalCeiling, ApprovalMode, CommandTemplate, Profile, RunManagerOptions } from "../../lib/index.js";
import type { Config } from "./config-schema.js";
import { configuredLimits } from "./configured-limits.js";

/** What the configuration says to the manager of runs. */
export function toManagerOptions(config: Config): RunManagerOptions {
  const { profile, profiles, daemon = {} } = config;
  const { approval, approval_ceiling, budget, child_concurrency, commands, concurrency, key_concurrency, process, queue_limit, retention } =
    daemon;
  const limits = configuredLimits(config);
  return {
    ...(profile && { defaultProfile: profile }),
    profiles: agentProfiles(profiles as Record<string, Profile> | undefined),
    ...approvalsOf(config, approval_ceiling),
    ...(commands && { commands: commands as Record<string, CommandTemplate> }),
    ...(concurrency !== undefined && { concurrency }),
    ...(child_concurrency !== undefined && { childConcurrency: child_concurrency }),
    ...(key_concurrency !== undefined && { keyConcurrency: key_concurrency }),
    ...(queue_limit !== undefined && { queueLimit: queue_limit }),
    ...(approval && { approval }),
    ...(budget && { budget }),
    ...(process && { process: { argv: process.argv ?? "socket", shell: process.shell ?? false } }),
    ...(retention && { retention }),
    ...(Object.keys(limits).length > 0 && { limits }),
  };
}

const nothingUnasked: ApprovalCeiling = { admin: "ask", other: "ask" };

/** The mode of runs that name none, and how far anyone may go. */
function approvalsOf(
  { approvalMode, permissionPreset }: AgentConfig,
  ceiling: ApprovalCeiling | undefined,
): { readonly approvalMode?: ApprovalMode; readonly approvalCeiling?: ApprovalCeiling } {
  const unrestricted = permissionPreset === "unrestricted" || permissionPreset === "yolo";
  const mode = approvalMode ?? (unrestricted ? "unrestricted" : permissionPreset && "ask");
  const bound = permissionPreset === "strict" ? nothingUnasked : ceiling;
  return { ...(mode && { approvalMode: mode }), ...(bound && { approvalCeiling: bound }) };
}
