import type { PermissionRule } from "../config-schema.js";
import type { Grants } from "./grants.js";
import { commandOf, type JudgedCall } from "./judged-call.js";
import { decideByLevel, type PermissionMode } from "./levels.js";
import { ruleMatcher } from "./rules.js";
import { looksDestructive } from "./shell/destructive.js";

/** What is to become of a call. */
export type Decision = { readonly action: "allow" | "ask" } | { readonly action: "deny"; readonly reason: string };

/** What a run's calls are judged by. */
export interface DecideOptions {
  readonly mode: PermissionMode;
  readonly rules: readonly PermissionRule[];
  /** Substrings that no shell command may have. */
  readonly blocked: readonly string[];
  readonly isReadOnly: boolean;
  readonly grants: Grants;
}

const allow: Decision = { action: "allow" };
const ask: Decision = { action: "ask" };
const deny = (reason: string): Decision => ({ action: "deny", reason });

/** Judges the calls of a run. `hardDeny` comes before the hooks, `decide` after them. */
export function createDecide(options: DecideOptions): {
  readonly hardDeny: (call: JudgedCall) => string | undefined;
  readonly decide: (call: JudgedCall) => Decision;
} {
  const { mode, blocked, isReadOnly, grants } = options;
  const rules = options.rules.map((rule) => ({ ...rule, matches: ruleMatcher(rule) }));

  return {
    hardDeny(call) {
      const closed = call.paths.find(({ isHome }) => isHome);
      if (closed) return `${closed.path} is in the daemon's own folder`;
      const command = commandOf(call);
      const hit = command === undefined ? undefined : blocked.find((part) => command.includes(part));
      return hit === undefined ? undefined : `the command holds ${JSON.stringify(hit)}, which is blocked`;
    },
    decide(call) {
      const isFree = mode.mode === "unrestricted";
      // Where nothing is asked, a rule that asks is as if it were not there: a later one may still deny.
      const rule = rules.find(({ action, matches }) => !(isFree && action === "ask") && matches(call));
      if (rule?.action === "deny") return deny(rule.reason ?? "a permission rule forbids it");
      if (rule?.action === "allow") return allow;
      if (isFree) return isReadOnly && leaves(call) ? outside(call) : decideByTable(call);
      // The rule comes first: what is to be asked is asked each time, whatever was granted.
      if (rule) return ask;
      if (grants.cover(call)) return allow;
      if (leaves(call)) return isReadOnly ? outside(call) : ask;
      return decideByTable(call);
    },
  };

  function decideByTable(call: JudgedCall): Decision {
    const { isOpaque, level } = call;
    const action = decideByLevel(level, mode, { isOpaque, looksDestructive: () => looksDestructive(commandOf(call) ?? "") !== undefined });
    return action === "deny" ? deny(`${call.name} is not available`) : { action };
  }
}

function leaves(call: JudgedCall): boolean {
  return call.paths.some(({ isOpen }) => !isOpen);
}

function outside(call: JudgedCall): Decision {
  return deny(
    `${call.paths.find(({ isOpen }) => !isOpen)?.path ?? "a path"} is outside the workspace, and this profile only reads inside it`,
  );
}
