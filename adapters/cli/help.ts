import sade, { type Sade } from "sade";
import { version } from "../../lib/version.js";
import { type CommandName, commandNames, commandTable } from "./command-table.js";
import { type FlagName, flagNames, flagsOf, flagTable, spellingOf } from "./flags.js";

/** Writes the help of a command, of the commands that begin with a word, or of the whole program. */
export function showHelp(command?: CommandName, group?: string): void {
  const names = commandNames.filter((name) => group === undefined || name.startsWith(`${group} `));
  createProgram(command === undefined ? names : commandNames).help(command);
}

/** The two tables as a sade program, which writes their help. */
function createProgram(names: readonly CommandName[]): Sade {
  const program = sade("anode").version(version);
  program.describe("Start work in the background, list it, attach to it, answer its questions.");
  for (const example of [
    '-x "explain this repository"',
    "daemon --detach",
    "runs start --exec -- npm test",
    "runs list",
    "attach <run-id>",
    'ask api "which port does the server use?" --wait',
  ])
    program.example(example);
  for (const name of commonFlags()) describeFlag(program, name);
  for (const name of names) {
    const { words, summary, examples } = commandTable[name];
    program.command(`${name} ${words}`.trim(), summary);
    for (const flag of flagsOf(name)) if (flagTable[flag].on !== "every") describeFlag(program, flag, name);
    for (const example of examples) program.example(example);
  }
  return program;
}

/** Accepted everywhere; sade itself tells of help and version. */
function commonFlags(): FlagName[] {
  return flagNames.filter((name) => flagTable[name].on === "every" && name !== "help" && name !== "version");
}

function describeFlag(program: Sade, name: FlagName, command?: CommandName): void {
  const { value, text, texts } = flagTable[name];
  const said = (command && texts?.[command]) ?? text;
  program.option(`--${spellingOf(name)}`, value === undefined ? said : `<${value}> ${said}`);
}
