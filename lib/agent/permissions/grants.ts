import { programWords } from "./program-words.js";
import { lexShell } from "./shell/lex-shell.js";
import type { SimpleCommand } from "./shell/words.js";
import { commandOf, type JudgedCall } from "./judged-call.js";

/** What was allowed for the rest of one run; nothing of it is kept or passed on. */
export interface Grants {
  add(call: JudgedCall): void;
  cover(call: JudgedCall): boolean;
}

/** Makes the grants of a run. */
export function createGrants(): Grants {
  const given = new Set<string>();
  return {
    add(call) {
      for (const key of keysOf(call) ?? []) given.add(key);
    },
    cover(call) {
      const keys = keysOf(call);
      return keys !== undefined && keys.length > 0 && keys.every((key) => given.has(key));
    },
  };
}

/** What a call needs to be covered; `undefined` = no grant can cover it. */
function keysOf(call: JudgedCall): readonly string[] | undefined {
  const command = commandOf(call);
  if (command !== undefined) return shellKeys(command);
  // Outside the workspace each path is a matter of its own.
  const outside = call.paths.filter(({ isOpen }) => !isOpen).map(({ real }) => `path ${call.name} ${real}`);
  if (outside.length > 0) return outside;
  return call.level === "confirm_write" ? ["write inside the workspace"] : [`tool ${call.name}`];
}

function shellKeys(command: string): readonly string[] | undefined {
  const lexed = lexShell(command);
  if (!lexed.ok || lexed.commands.length === 0) return undefined;
  return lexed.commands.map(shellKey);
}

function shellKey(command: SimpleCommand): string {
  const words = programWords(command);
  return words === undefined ? `command ${command.text}` : `program ${words}`;
}
