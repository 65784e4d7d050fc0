import sade, { type Sade } from "sade";
import { version } from "../../lib/version.js";
import type { CommandLine } from "./command-line.js";
import { type CommandName, commandNames, commandTable } from "./command-table.js";
import type { Command, Context } from "./context.js";
import { exitOfError } from "./exit-code.js";
import { type FlagName, flagNames, flagsOf, flagTable } from "./flags.js";

/** Where each command lives; loaded when it is called. */
const modules: Readonly<Record<CommandName, () => Promise<{ readonly run: Command }>>> = {
  daemon: () => import("./commands/daemon.js"),
  "daemon stop": () => import("./commands/daemon-stop.js"),
  status: () => import("./commands/status.js"),
  "runs list": () => import("./commands/runs-list.js"),
  "runs start": () => import("./commands/runs-start.js"),
  "runs show": () => import("./commands/runs-show.js"),
  "runs cancel": () => import("./commands/runs-cancel.js"),
  "runs wait": () => import("./commands/runs-wait.js"),
  "runs answer": () => import("./commands/runs-answer.js"),
  "runs input": () => import("./commands/runs-input.js"),
  attach: () => import("./commands/attach.js"),
  doctor: () => import("./commands/doctor.js"),
  "config list": () => import("./commands/config-list.js"),
  "config path": () => import("./commands/config-path.js"),
  "config doctor": () => import("./commands/config-doctor.js"),
  openapi: () => import("./commands/openapi.js"),
  "token show": () => import("./commands/token-show.js"),
  "token rotate": () => import("./commands/token-rotate.js"),
  "token create": () => import("./commands/token-create.js"),
  "token list": () => import("./commands/token-list.js"),
  "token revoke": () => import("./commands/token-revoke.js"),
  mcp: () => import("./commands/mcp.js"),
  "mcp trust": () => import("./commands/mcp-trust.js"),
  "mcp approve": () => import("./commands/mcp-approve.js"),
};
const usageExit = 2;

/** Runs a command that was typed. Never rejects; resolves to the exit code. */
export async function runProgram(line: CommandLine, context: Context): Promise<number> {
  const { output } = context;
  try {
    if (line.has("version")) {
      output.data(`${version}\n`);
      return 0;
    }
    const program = createProgram();
    if (line.has("help") || line.command === undefined) {
      program.help(line.command);
      return line.has("help") ? 0 : usageExit;
    }
    const words = [...line.command.split(" "), "--", ...line.words, ...line.rest];
    const load = program.parse(["", "", ...words], { lazy: true }).handler as (typeof modules)[CommandName];
    const { run } = await load();
    return await run(line, context);
  } catch (error) {
    output.fail(error);
    return exitOfError(error);
  }
}

/** The two tables as a sade program, which matches commands and writes their help. What was typed is checked before it sees it. */
function createProgram(): Sade {
  const program = sade("anode").version(version);
  program.describe("Start work in the background, list it, attach to it, answer its questions.");
  for (const example of ["daemon --detach", "runs start --exec -- npm test", "runs list", "attach <run-id>"]) program.example(example);
  for (const name of commonFlags()) describeFlag(program, name);
  for (const name of commandNames) {
    const { words, summary, examples } = commandTable[name];
    program.command(`${name} ${words}`.trim(), summary);
    for (const flag of flagsOf(name)) if (flagTable[flag].on !== "every") describeFlag(program, flag);
    for (const example of examples) program.example(example);
    program.action(modules[name]);
  }
  return program;
}

/** Accepted everywhere; sade itself tells of help and version. */
function commonFlags(): FlagName[] {
  return flagNames.filter((name) => flagTable[name].on === "every" && name !== "help" && name !== "version");
}

function describeFlag(program: Sade, name: FlagName): void {
  const { value, text } = flagTable[name];
  program.option(`--${name}`, value === undefined ? text : `<${value}> ${text}`);
}
