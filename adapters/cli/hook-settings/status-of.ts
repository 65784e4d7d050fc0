import type { Context } from "../context.js";
import { installedIn, ownProgram, planChange } from "./plan-change.js";
import { runtimeSettings, type SettingsScope } from "./runtime-settings.js";

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
  const { before, after } = settings.kind === "file" ? planChange(settings, path, { node, program }) : { before: "", after: "" };
  return { backend, scope, path, state: (settings.kind === "file" ? before === after : isOurs) ? "installed" : "other", events };
}
