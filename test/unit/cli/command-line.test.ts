import { describe, expect, it } from "vitest";
import { readCommandLine } from "../../../adapters/cli/command-line.js";
import { type CommandName, commandNames } from "../../../adapters/cli/command-table.js";
import { flagNames, spellingOf } from "../../../adapters/cli/flags.js";
import { isAnodeError } from "../../../lib/errors.js";

const everyRun = ["runs list", "runs start", "runs show", "runs cancel", "runs wait", "runs answer", "runs input"];
const everyMesh = [
  ...["peers list", "peers show", "peers register", "peers remove", "peers describe", "peers touch", "peers whoami", "peers asks"],
  ...["ask", "ack", "decline", "notify", "broadcast", "inbox", "messages show", "trace", "link", "rehook", "questions", "answer"],
];
const everyAttachment = ["attachments put", "attachments get", "attachments list", "attachments remove"];
/** Which commands take which flags, said a second time and the other way round than the program has it. */
const execute = [
  ...["profile", "model", "max-turns", "approval", "run-label", "cwd", "session", "allow-tool", "stream-json", "stream-json-input"],
  ...["previews", "archive", "stats"],
];
const expected: Readonly<Record<string, readonly string[]>> = {
  execute,
  exec: execute,
  review: ["profile", "model", "max-turns", "approval", "stream-json", "base", "checks"],
  tools: ["profile"],
  "runs start": [
    ...["profile", "model", "max-turns", "approval", "run-label", "cwd", "session", "command", "exec", "parent", "cancel-policy", "key"],
    ...["priority", "budget", "approval-timeout-ms", "unattended", "keep-open", "idempotency-key", "attach", "no-spawn"],
  ],
  dashboard: ["print"],
  questions: ["scope", "run", "tree", "follow"],
  answer: ["message", "option", "deny", "ack"],
  "hook pretooluse": ["backend"],
  "hook session": ["backend"],
  "hook prompt": ["backend"],
  "hook stop": ["backend"],
  "hook notification": ["backend"],
  "hook session-end": ["backend"],
  "hook ws": ["backend", "pane"],
  "hooks install": ["scope", "gate", "dry-run"],
  "hooks status": ["scope"],
  "hooks uninstall": ["scope", "dry-run"],
  attach: ["stream-json", "previews", "after"],
  events: ["after", "tail", "types", "follow"],
  acp: ["profile", "no-spawn", "no-daemon"],
  "runs list": ["limit", "status", "cursor", "origin"],
  "runs cancel": ["reason"],
  "runs wait": ["timeout-ms"],
  "runs answer": ["text", "message", "list"],
  "runs input": ["steer"],
  daemon: ["addr", "port", "no-tcp", "dangerously-allow-remote", "detach", "store", "log-level"],
  doctor: ["resume", "deep", "circle", "fix"],
  link: ["backend", "name", "circle"],
  rehook: ["circle", "apply"],
  "peers list": ["circle", "backend", "status", "all"],
  "peers show": ["circle"],
  "peers register": ["name", "backend", "path", "circle", "role", "run"],
  "peers remove": ["circle"],
  "peers touch": ["circle"],
  "peers asks": ["direction"],
  ask: ["circle", "reply-to", "wait", "timeout-ms", "queue", "from", "file"],
  ack: ["from", "file"],
  notify: ["circle", "from", "file"],
  broadcast: ["circle", "exclude", "from", "file"],
  inbox: ["peer", "follow", "confirm"],
  trace: ["follow"],
  "mcp trust": ["list", "remove"],
  "mcp approve": ["list", "remove"],
  "token create": ["scope", "label", "ttl-ms"],
  openapi: ["out"],
  "attachments put": ["name"],
  "attachments get": ["output"],
  "attachments list": ["limit", "cursor"],
};
const takesDaemon = [
  "status",
  "dashboard",
  ...everyRun,
  ...everyMesh,
  ...everyAttachment,
  "attach",
  "events",
  "hook pretooluse",
  "acp",
  "doctor",
  "token create",
  "token list",
  "token revoke",
];
const takesJson = [
  "status",
  ...everyRun,
  ...everyMesh,
  ...everyAttachment,
  "events",
  "doctor",
  "token create",
  "token list",
  "tools",
  "config list",
  "config doctor",
  "hooks status",
];
const takenEverywhere = ["help", "version", "no-color", "raw", "quiet"];
const switches = [
  ...[
    "no-tcp",
    "dangerously-allow-remote",
    "detach",
    "exec",
    "keep-open",
    "attach",
    "no-spawn",
    "no-daemon",
    "list",
    "remove",
    "steer",
    "stream-json",
    "deny",
    "tree",
    "ack",
  ],
  ...[
    "stream-json-input",
    "archive",
    "follow",
    "stats",
    "checks",
    "previews",
    "resume",
    "deep",
    "json",
    "all",
    "wait",
    "queue",
    "confirm",
    "apply",
    "fix",
    "gate",
    "dry-run",
    "print",
    ...takenEverywhere,
  ],
];
const counts = ["port", "max-turns", "approval-timeout-ms", "limit", "timeout-ms", "after", "tail", "ttl-ms"];
const repeated = ["addr", "budget", "scope", "allow-tool", "types", "exclude", "file"];
const wordsOf: Readonly<Record<string, readonly string[]>> = {
  "runs show": ["R-1"],
  "runs cancel": ["R-1"],
  "runs wait": ["R-1"],
  "runs input": ["R-1", "more"],
  answer: ["Q-1"],
  attach: ["R-1"],
  "peers show": ["api"],
  "peers remove": ["api"],
  "peers describe": ["api"],
  "peers touch": ["api"],
  ask: ["api", "what?"],
  ack: ["ask-1"],
  decline: ["ask-1"],
  notify: ["api"],
  "messages show": ["dlv-1"],
  trace: ["ask-1"],
  rehook: ["api"],
  "hooks install": ["codex"],
  "hooks uninstall": ["codex"],
  "token revoke": ["T-1"],
  "attachments put": ["file"],
  "attachments get": ["att-1"],
  "attachments remove": ["att-1"],
};

const typed = (command: CommandName): string[] => [...command.split(" "), ...(wordsOf[command] ?? [])];
const spelled = (flag: string): string => spellingOf(flag as (typeof flagNames)[number]);
const valueOf = (flag: string): string => (counts.includes(flag) || flag === "priority" ? "7" : "word");
const given = (flag: string): string[] => (switches.includes(flag) ? [`--${spelled(flag)}`] : [`--${spelled(flag)}`, valueOf(flag)]);

function isExpected(command: string, flag: string): boolean {
  if (takenEverywhere.includes(flag)) return true;
  if (flag === "daemon") return takesDaemon.includes(command);
  if (flag === "json") return takesJson.includes(command);
  return expected[command]?.includes(flag) ?? false;
}

/** The sentence of the refusal. */
function refusal(...args: string[]): string {
  try {
    readCommandLine(args);
  } catch (error) {
    if (isAnodeError(error) && error.code === "invalid_request") return error.message;
    throw error;
  }
  throw new Error(`${args.join(" ")} was not refused.`);
}

describe("The table of flags", () => {
  it("holds exactly the flags that are known here", () => {
    const known = [...Object.values(expected).flat(), "daemon", "json", ...takenEverywhere];
    expect([...flagNames].sort()).toEqual([...new Set(known)].sort());
  });

  it.for(commandNames)("lets %s take its own flags and refuses every other by name", (command) => {
    // What is typed alike is the flag that the command takes.
    const twins = (flag: string) => flagNames.filter((other) => other !== flag && spelled(other) === spelled(flag));
    // Where it takes none of them, the first that is typed so is refused.
    const isTwin = (flag: (typeof flagNames)[number]): boolean =>
      !isExpected(command, flag) &&
      twins(flag).some((other) => isExpected(command, other) || flagNames.indexOf(other) < flagNames.indexOf(flag));
    for (const flag of flagNames.filter((name) => !isTwin(name))) {
      const args = [...typed(command), ...given(flag)];
      if (isExpected(command, flag)) expect(readCommandLine(args).has(flag), `${command} --${flag}`).toBe(true);
      else expect(refusal(...args), `${command} --${flag}`).toBe(`--${spelled(flag)} is not accepted by ${command}`);
    }
  });

  it("lets a flag be given twice only where it is a list", () => {
    for (const command of commandNames) {
      for (const flag of flagNames.filter((name) => isExpected(command, name))) {
        const args = [...typed(command), ...given(flag), ...given(flag)];
        if (repeated.includes(flag)) expect(readCommandLine(args).list(flag)).toEqual(["word", "word"]);
        else expect(refusal(...args)).toContain(`--${spelled(flag)} is given twice`);
      }
    }
  });
});

describe("readCommandLine", () => {
  it.for([
    [["runs", "start", "--profile"], "--profile needs a value"],
    [["runs", "start", "--profile", "--json", "x"], "--profile needs a value"],
    [["runs", "list", "--limit", "-1"], "--limit must be a whole number from 0, got -1"],
    [["runs", "list", "--limit=-1"], "--limit must be a whole number from 0, got -1"],
    [["runs", "list", "--limit", "ten"], "got ten"],
    [["runs", "list", "--limit", "1.5"], "got 1.5"],
    [["runs", "list", "--limit", "1e3"], "got 1e3"],
    [["runs", "list", "--limit", "99999999999999999999"], "--limit must be"],
    [["runs", "start", "--priority", "high", "x"], "--priority must be a whole number"],
    [["runs", "start", "--run-label", "", "x"], "--run-label must not be blank"],
    [["runs", "start", "--run-label", "  ", "x"], "--run-label must not be blank"],
    [["runs", "start", "--run-label=", "x"], "--run-label must not be blank"],
    [["runs", "list", "--json=yes"], "--json takes no value"],
    [["review", "--allow-tool", "bash"], "--allow-tool is not accepted by review"],
    [["runs", "start", "-x", "y"], "-x is not accepted by runs start"],
    [["-x", "y", "z"], "-x is not accepted by z"],
    [["-x", "y", "-x", "z"], "-x is given twice"],
    [["-x"], "-x needs a prompt"],
    [["-x", " "], "-x needs a prompt"],
    [["-x", "y", "--base", "main"], "--base is not accepted by execute"],
    [["tools", "read"], "tools takes no words"],
    [["runs", "list", "--toString"], "--toString is not a flag"],
    [["runs", "list", "--__proto__=1"], "--__proto__ is not a flag"],
    [["-constructor"], "-constructor is not a flag"],
    [["config", "edit"], "config edit is not a command"],
    [["mcp", "distrust"], "mcp takes no words, got distrust too"],
    [["mcp", "trust", "x"], "mcp trust takes no words"],
    [["runs"], "runs needs one of list, start"],
    [["runs", "restart"], "runs restart is not a command"],
    [["token", "steal"], "token steal is not a command"],
    [["runs", "show"], "runs show needs <id>"],
    [["runs", "show", "a", "b"], "got b too"],
    [["runs", "show", "a", "--", "b"], "got b too"],
    [["runs", "input", "a"], "runs input needs <text>"],
    [["status", "please"], "status takes no words"],
    [["daemon", "start"], "daemon takes no words"],
    [["--json"], "--json needs a command"],
    [["--addr", ":7433"], "--addr needs a command"],
  ] as const)("refuses %j", ([args, sentence]) => {
    expect(refusal(...args)).toContain(sentence);
  });

  it("keeps values as the strings that were typed", () => {
    const line = readCommandLine(["runs", "start", "--run-label", "007", "--profile=1e3", "--session", "true", "0x10"]);
    expect([line.text("run-label"), line.text("profile"), line.text("session"), line.words]).toEqual(["007", "1e3", "true", ["0x10"]]);
  });

  it("takes a value behind an equals sign whole, dashes and equals signs too", () => {
    const line = readCommandLine(["runs", "start", "--run-label=--a=b", "--priority", "-5", "do it"]);
    expect([line.text("run-label"), line.number("priority")]).toEqual(["--a=b", -5]);
  });

  it("finds the command behind flags with and without values", () => {
    const line = readCommandLine(["--json", "--limit", "10", "runs", "list"]);
    expect([line.command, line.has("json"), line.number("limit"), line.words]).toEqual(["runs list", true, 10, []]);
  });

  it("ends flags at the two dashes", () => {
    const line = readCommandLine(["runs", "start", "--exec", "--", "npm", "test", "--", "--limit", "-1"]);
    expect([line.words, line.rest]).toEqual([[], ["npm", "test", "--", "--limit", "-1"]]);
  });

  it("reads a single dash as a word", () => {
    expect(readCommandLine(["runs", "start", "-"]).words).toEqual(["-"]);
  });

  it.for([
    [[], "daemon"],
    [["--addr", "127.0.0.1:7433"], "daemon"],
    [["status"], "status"],
    [["--help"], undefined],
    [["--version"], undefined],
  ] as const)("reads anode-daemon %j as %s", ([args, command]) => {
    expect(readCommandLine(args, "anode-daemon").command).toBe(command);
  });

  it("reads -x with a prompt as execute, wherever its flags stand", () => {
    const line = readCommandLine(["--model", "openai/gpt-5.5", "-x", "--do it", "--stats"]);
    expect([line.command, line.words, line.text("model"), line.has("stats")]).toEqual(["execute", ["--do it"], "openai/gpt-5.5", true]);
    expect(readCommandLine(["-x", "do it"], "anode-daemon").command).toBe("execute");
  });

  it("names no command for anode alone", () => {
    expect(readCommandLine([]).command).toBeUndefined();
  });

  it("asks for nothing but the flag where only help is wanted", () => {
    expect(readCommandLine(["runs", "show", "-h"]).command).toBe("runs show");
    expect(readCommandLine(["runs", "--help"]).command).toBeUndefined();
  });
});
