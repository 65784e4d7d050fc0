import type { CommandLine } from "./command-line.js";
import type { Context } from "./context.js";
import { readPrompt } from "./read-prompt.js";

/** The words of a message joined with one space; without words it is standard input. */
export async function messageText(line: CommandLine, context: Context, from: number): Promise<string> {
  const words = [...line.words, ...line.rest].slice(from);
  return words.length > 0
    ? words.join(" ")
    : readPrompt(context.stdin, `${String(line.command)} needs a text, as words or on standard input.`);
}

/** The flags that were given as members of an input, under the names of the contract. */
export function given<Name extends string>(line: CommandLine, names: Readonly<Record<string, Name>>): { [Key in Name]?: string } {
  const found = Object.entries(names).map(([flag, name]) => [name, line.text(flag as Parameters<CommandLine["text"]>[0])] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined)) as { [Key in Name]?: string };
}
