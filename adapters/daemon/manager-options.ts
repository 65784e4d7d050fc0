import type { CommandTemplate, Profile, RunManagerOptions } from "../../lib/index.js";
import type { Config } from "./config-schema.js";

/** What the configuration says to the manager of runs. */
export function toManagerOptions({ profile, profiles, daemon = {} }: Config): RunManagerOptions {
  const {
    approval,
    approval_ceiling,
    budget,
    child_concurrency,
    commands,
    concurrency,
    key_concurrency,
    limits,
    process,
    queue_limit,
    retention,
  } = daemon;
  return {
    ...(profile && { defaultProfile: profile }),
    ...(profiles && { profiles: profiles as Record<string, Profile> }),
    ...(commands && { commands: commands as Record<string, CommandTemplate> }),
    ...(concurrency !== undefined && { concurrency }),
    ...(child_concurrency !== undefined && { childConcurrency: child_concurrency }),
    ...(key_concurrency !== undefined && { keyConcurrency: key_concurrency }),
    ...(queue_limit !== undefined && { queueLimit: queue_limit }),
    ...(approval_ceiling && { approvalCeiling: approval_ceiling }),
    ...(approval && { approval }),
    ...(budget && { budget }),
    ...(process && { process: { argv: process.argv ?? "socket", shell: process.shell ?? false } }),
    ...(retention && { retention }),
    ...(limits && { limits }),
  };
}
