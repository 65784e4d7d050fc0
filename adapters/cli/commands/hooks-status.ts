import type { Command } from "../context.js";
import { scopeOf, settingsOf } from "../hook-settings/plan-change.js";
import { statusOf } from "../hook-settings/status-of.js";
import { runtimeSettings } from "../hook-settings/runtime-settings.js";
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
