import type { PermissionRule } from "../config-schema.js";
import { commandOf, type JudgedCall } from "./judged-call.js";
import { programWords } from "./program-words.js";
import { ruleMatcher } from "./rules.js";
import { lexShell } from "./shell/lex-shell.js";

/** The narrowest rule that would have allowed a call, to be pasted into the configuration; none for what no rule can tell. */
export function suggestRule(call: JudgedCall): PermissionRule | undefined {
  const rule = draftRule(call);
  // A rule that would not do what it says is none.
  return rule && ruleMatcher(rule)(call) ? rule : undefined;
}

function draftRule(call: JudgedCall): PermissionRule | undefined {
  const command = commandOf(call);
  if (command !== undefined) {
    const lexed = lexShell(command);
    if (!lexed.ok || lexed.commands.length === 0) return undefined;
    const globs = lexed.commands.map((simple) => {
      const words = programWords(simple);
      if (words === undefined || simple.text === words) return simple.text;
      // With the blank, so that `git diff` is not `git difftool` too.
      return simple.text.startsWith(`${words} `) ? `${words} *` : simple.text;
    });
    return { tool: call.name, args: { command: [...new Set(globs)] }, action: "allow" };
  }
  if (call.paths.length === 0) return { tool: call.name, action: "allow" };
  const name = Object.hasOwn(call.args, "paths") ? "paths" : "path";
  return {
    tool: call.name,
    args: { [name]: [...new Set(call.paths.map(({ real, relative }) => escaped(relative ?? real)))] },
    action: "allow",
  };
}

/** A path as a glob that means this path alone. */
function escaped(path: string): string {
  return path.replaceAll(/[\\*?[\](){}!+@|]/g, "\\$&");
}
