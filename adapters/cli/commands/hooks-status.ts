import type { Command, Context } from "../context.js";
import { installedIn, ownProgram, planChange, scopeOf, settingsOf } from "../hook-settings/plan-change.js";
import { runtimeSettings, type SettingsScope } from "../hook-settings/runtime-settings.js";
import { formatTable } from "../table.js";

/** `anode hooks status`: which of our hooks are in which settings. */
export const run: Command = async (line, context) => {
  const backends = line.words.length > 0 ? [settingsOf(line).backend] : Object.keys(runtimeSettings);
  const found = backends.map((backend) => statusOf(backend, scopeOf(line), context));
  if (line.has("json")) context.output.json({ hooks: found });
  else
    context.output.data(
      formatTable(
        ["BACKEND", "STATE", "EVENTS", "FILE"],
        found.map(({ backend, state, events, path }) => [backend, state, events.join(",") || "-", path]),
      ),
    );
  return 0;
};

/** `other` is installed by another program, or by an older one of ours. */
function statusOf(backend: string, scope: SettingsScope, context: Context) {
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
