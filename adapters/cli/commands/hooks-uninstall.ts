import type { Command } from "../context.js";
import { makeChange, planChange, settingsOf } from "../hook-settings/plan-change.js";

/** `anode hooks uninstall`: takes out what was put in, and nothing else. */
export const run: Command = async (line, context) => {
  const { settings, scope } = settingsOf(line);
  return makeChange(planChange(settings, settings.path(context, scope), undefined), line, context);
};
