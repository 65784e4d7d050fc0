import { cutText } from "../tools/cut-text.js";
import type { Changes } from "./changes.js";
import type { Check } from "./check.js";

/** Below what a prompt may have, with room for a profile's own words. */
const promptBytes = 500 * 1024;

/** What the review itself is asked. */
export function reviewPrompt({ text }: Changes, focus?: string): string {
  return cutText(`Review these changes.${focus ? ` Look above all at: ${focus}` : ""}\n\n${text}`, promptBytes);
}

/** What the run of one check is asked. */
export function checkPrompt({ body, description, name, severity }: Check, { text }: Changes): string {
  const task = `Apply the check "${name}" to the changes below: ${description}
Report only what breaks it, each finding with file and line; what you find has the severity ${severity}. Say "No findings." when nothing does.`;
  return cutText(`${task}\n\n# The check\n${body.trim()}\n\n# The changes\n${text}`, promptBytes);
}
