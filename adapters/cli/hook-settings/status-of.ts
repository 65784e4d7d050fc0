import type { Context } from "../context.js";
import { approvalIn } from "./opencode-plugin.js";
import { installedIn, ownProgram, planChange } from "./plan-change.js";
import { type RuntimeSettings, runtimeSettings, type SettingsScope } from "./runtime-settings.js";
import { readSettings } from "./settings-file.js";

/** Which of our hooks are in a runtime's settings; `other` are those of another program, or of an older one of ours. @throws `invalid_request` */
export function statusOf(backend: string, scope: SettingsScope, context: Pick<Context, "env" | "cwd">) {
  const settings = runtimeSettings[backend];
  if (!settings) throw new Error(`${backend} has no settings.`);
  const path = settings.path(context, scope);
  const entries = installedIn(settings, path);
  const events = entries.map(({ event }) => event);
  if (events.length === 0) return { backend, scope, path, state: "absent", events };
  const { node, program } = ownProgram();
  const isOurs = entries.every(({ command }) => command.includes(program) && command.includes(node));
  return { backend, scope, path, state: (settings.kind === "file" ? isSame(path, settings) : isOurs) ? "installed" : "other", events };
}

/** True when a file that is the hook is the one that we would write, with the approval that it has. */
function isSame(path: string, settings: RuntimeSettings): boolean {
  const { before, after } = planChange(settings, path, { ...ownProgram(), approval: approvalIn(readSettings(path) ?? "") });
  return before === after;
}
