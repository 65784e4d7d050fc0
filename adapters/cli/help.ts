import sade, { type Sade } from "sade";
import { version } from "../../lib/version.js";
import { type CommandName, commandNames, commandTable } from "./command-table.js";
import { type FlagName, flagNames, flagsOf, flagTable, spellingOf } from "./flags.js";

/** Writes the help of a command, or of the whole program. */
export function showHelp(command?: CommandName): void {
  createProgram().help(command);
}

/** The two tables as a sade program, which writes their help. */
function createProgram(): Sade {
  const program = sade("anode").version(version);
  program.describe("Start work in the background, list it, attach to it, answer its questions.");
  for (const example of [
    '-x "explain this repository"',
    "daemon --detach",
    "runs start --exec -- npm test",
    "runs list",
    "attach <run-id>",
  ])
    program.example(example);
  for (const name of commonFlags()) describeFlag(program, name);
  for (const name of commandNames) {
    const { words, summary, examples } = commandTable[name];
    program.command(`${name} ${words}`.trim(), summary);
    for (const flag of flagsOf(name)) if (flagTable[flag].on !== "every") describeFlag(program, flag);
    for (const example of examples) program.example(example);
  }
  return program;
}

/** Accepted everywhere; sade itself tells of help and version. */
function commonFlags(): FlagName[] {
  return flagNames.filter((name) => flagTable[name].on === "every" && name !== "help" && name !== "version");
}

function describeFlag(program: Sade, name: FlagName): void {
  const { value, text } = flagTable[name];
  program.option(`--${spellingOf(name)}`, value === undefined ? text : `<${value}> ${text}`);
}
