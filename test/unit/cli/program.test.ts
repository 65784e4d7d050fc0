import { afterEach, describe, expect, it, vi } from "vitest";
import { readCommandLine } from "../../../adapters/cli/command-line.js";
import { commandNames, commandTable } from "../../../adapters/cli/command-table.js";
import { flagsOf, spellingOf } from "../../../adapters/cli/flags.js";
import { createOutput } from "../../../adapters/cli/output.js";
import { runProgram } from "../../../adapters/cli/program.js";

afterEach(() => vi.restoreAllMocks());

/** Runs what was typed; help is told to the console. */
async function type(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: "", stderr: "" };
  const sink = (name: "stdout" | "stderr") => ({ write: (text: string) => void (written[name] += text), on: () => undefined });
  vi.spyOn(console, "log").mockImplementation((text: string) => void (written.stdout += text));
  const output = createOutput({ stdout: sink("stdout"), stderr: sink("stderr") });
  const code = await runProgram(readCommandLine(args), { output, env: {}, stdin: process.stdin, cwd: "/" });
  return { code, ...written };
}

describe("anode --help", () => {
  it("lists every command with what it does", async () => {
    const { code, stdout } = await type("--help");
    expect(code).toBe(0);
    for (const name of commandNames) expect(stdout).toMatch(new RegExp(`^ +${name} +${commandTable[name].summary.slice(0, 20)}`, "m"));
  });

  it("of a word lists the commands that begin with it", async () => {
    const { code, stdout } = await type("peers", "--help");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ +peers register +Register a peer/m);
    expect(stdout).not.toMatch(/^ +runs start/m);
  });

  it("is what anode alone prints, with exit code 2", async () => {
    const alone = await type();
    expect([alone.code, alone.stdout]).toEqual([2, (await type("--help")).stdout]);
  });

  it.for(commandNames)("shows usage, flags and an example of %s", async (name) => {
    const { code, stdout } = await type(...name.split(" "), "--help");
    expect(code).toBe(0);
    expect(stdout).toContain(`$ anode ${name}`);
    expect(stdout).toContain(commandTable[name].summary);
    // The version is told of at the root only.
    for (const flag of flagsOf(name).filter((flag) => flag !== "version")) expect(stdout).toMatch(new RegExp(`--${spellingOf(flag)}\\b`));
    const examples = stdout.slice(stdout.indexOf("Examples"));
    expect(examples.match(new RegExp(`\\$ anode ${name}`, "g"))?.length).toBeGreaterThan(0);
  });

  it.each([
    ["peers list", "--circle", "Peers of this circle, and those that every circle reaches"],
    ["ask", "--circle", "Circle in which the peer is looked for"],
    ["link", "--backend", "The agent's runtime"],
    ["hooks install", "--scope", "user or project"],
    ["questions", "--scope", "tool_permission, user_question or mesh_ask"],
    ["attachments put", "--name", "Name of the attachment"],
  ])("of %s says what its own %s means", async (name, flag, text) => {
    const { stdout } = await type(...name.split(" "), "--help");
    expect(stdout).toMatch(new RegExp(`${flag} +<\\w+> ${text}`));
  });

  it.for(commandNames)("gives only examples that %s would take", (name) => {
    for (const example of commandTable[name].examples) {
      const args = (example.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ""));
      expect(readCommandLine(args).command).toBe(name);
    }
  });
});

describe("anode --version", () => {
  it("prints the version alone", async () => {
    expect(await type("--version")).toEqual({ code: 0, stdout: "0.1.0\n", stderr: "" });
  });
});

describe("runProgram", () => {
  it.for([
    ["attach", "--previews", "R-1", "--previews needs --stream-json"],
    ["execute", "--previews", "x", "--previews needs --stream-json"],
    ["execute", "--stream-json-input", "x", "--stream-json-input needs --stream-json"],
    ["exec", "--allow-tool", "read,,grep", "x", "--allow-tool must be names or globs"],
    ["runs", "start", "--exec", "words", "--exec needs a command"],
    ["runs", "start", "--attach", "--json", "x", "exclude each other"],
    ["runs", "start", "--budget", "wall_ms", "x", "--budget must be name=number"],
    ["runs", "start", "--unattended", "maybe", "x", "--unattended must be wait or deny"],
    ["runs", "answer", "needs the id of a run"],
    ["runs", "answer", "R-1", "y", "--text", "b", "exclude each other"],
    ["runs", "answer", "R-1", "y", "n", "takes one option"],
    ["token", "create", "--scope", "read", "needs --label"],
    ["token", "create", "--label", "x", "needs --scope"],
    ["daemon", "--port", "70000", "--port must be a number from 0 to 65535"],
    ["daemon", "--log-level", "loud", "--log-level must be one of"],
  ])("refuses %s %s … before anything is touched", async (words) => {
    const sentence = words.at(-1) ?? "";
    const { code, stdout, stderr } = await type(...words.slice(0, -1));
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(sentence);
    expect(stderr.startsWith("anode: ")).toBe(true);
  });
});
