import { canonicalName } from "../permissions/rules.js";
import { textGlob } from "../../text-glob.js";
import type { AgentTool } from "../tool.js";

/** What decides which tools a run has. */
export interface Selection {
  /** Names or globs; `craft` = all built-in tools but those for messages, and all extensions. */
  readonly profile: readonly string[] | "craft";
  readonly readOnly: boolean;
  /** What the request, or the parent, leaves of them; absent = all. */
  readonly requested: readonly string[] | undefined;
  /** Globs of tools that the configuration turns off. */
  readonly disabled: readonly string[];
}

/** True when one of the globs may fit a name that begins like this: what no glob can fit need not be started. */
export function mayFit(globs: readonly string[], beginning: string): boolean {
  return globs.some((glob) => {
    const fixed = /^[^*?]*/.exec(glob)?.[0] ?? "";
    return fixed.startsWith(beginning) || (fixed !== glob && beginning.startsWith(fixed));
  });
}

const messageTools = new Set(["send_message", "receive_messages"]);
const reading = new Set(["auto_read", "external_read"]);

/** The registry of a run: of tools with one name the first, as far as profile, request and configuration leave them. */
export function selectTools<Tool extends Pick<AgentTool, "name" | "level">>(
  tools: readonly Tool[],
  { disabled, profile, readOnly, requested }: Selection,
): Tool[] {
  const inProfile = profile === "craft" ? (name: string) => !messageTools.has(name) : anyOf(profile);
  const inRequest = requested ? anyOf(requested) : () => true;
  const isDisabled = anyOf(disabled);
  const names = new Set<string>();
  return tools.filter(({ level, name }) => {
    const isWanted =
      level !== "unavailable" && inProfile(name) && inRequest(name) && !isDisabled(name) && (!readOnly || reading.has(level));
    if (!isWanted || names.has(name)) return false;
    names.add(name);
    return true;
  });
}

function anyOf(globs: readonly string[]): (name: string) => boolean {
  const tests = globs.map((glob) => textGlob(canonicalName(glob)));
  return (name) => tests.some((test) => test(name));
}
