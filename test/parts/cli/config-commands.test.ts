import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readCommandLine } from "../../../adapters/cli/command-line.js";
import { createOutput } from "../../../adapters/cli/output.js";
import { runProgram } from "../../../adapters/cli/program.js";

let folder: string;
let home: string;
let cwd: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "config-")));
  home = join(folder, "home");
  cwd = join(folder, "work");
  mkdirSync(cwd);
});
afterEach(() => rmSync(folder, { recursive: true }));

async function type(args: string, env: Record<string, string> = {}): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: "", stderr: "" };
  const sink = (name: "stdout" | "stderr") => ({ write: (text: string) => void (written[name] += text), on: () => undefined });
  const output = createOutput({ stdout: sink("stdout"), stderr: sink("stderr") });
  const code = await runProgram(readCommandLine(args.split(" ")), { output, env: { ANODE_HOME: home, ...env }, stdin: process.stdin, cwd });
  return { code, ...written };
}

function write(path: string, value: unknown): void {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value), { mode: 0o600 });
}

describe("anode config", () => {
  it("list shows each candidate with its status and reason", async () => {
    write(join(home, "config.json"), "{");
    write(join(cwd, "anode.json"), {});
    const { code, stdout } = await type("config list --json", { ANODE_CONFIG: "none.json" });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      candidates: [
        { source: "environment", path: join(cwd, "none.json"), status: "missing" },
        { source: "user", path: join(home, "config.json"), status: "skipped", reason: "it is not JSON" },
        { source: "workspace", path: join(cwd, "anode.json"), status: "used" },
      ],
    });
    expect((await type("config list")).stdout).toMatch(
      /^SOURCE +PATH +STATUS +REASON\nuser .* skipped +it is not JSON\nworkspace .* used\n$/,
    );
  });

  it("path prints the used file alone, the user's where there is none, and warns of one that was named in vain", async () => {
    expect(await type("config path")).toEqual({ code: 0, stdout: `${join(home, "config.json")}\n`, stderr: "" });
    write(join(cwd, "anode.json"), {});
    expect((await type("config path")).stdout).toBe(`${join(cwd, "anode.json")}\n`);
    const { stdout, stderr } = await type("config path", { ANODE_CONFIG: "none.json" });
    expect(stdout).toBe(`${join(cwd, "anode.json")}\n`);
    expect(stderr).toContain("ANODE_CONFIG is not used");
  });

  it("doctor passes with warnings, and fails with exit 1 for a file that cannot be used", async () => {
    expect(await type("config doctor")).toEqual({ code: 0, stdout: "Config doctor passed.\n", stderr: "" });
    write(join(home, "config.json"), { tols: 1 });
    const warned = await type("config doctor");
    expect(warned.code).toBe(0);
    expect(warned.stdout).toMatch(/warn .*tols is not a known key\nConfig doctor passed\.\n$/);
    write(join(home, "config.json"), "{");
    const failed = await type("config doctor");
    expect(failed.code).toBe(1);
    expect(failed.stdout).not.toContain("passed");
  });
});

describe("anode mcp trust", () => {
  it("records the root of the workspace, lists it and takes it back", async () => {
    mkdirSync(join(cwd, ".git"));
    expect((await type("mcp trust")).code).toBe(0);
    const stored = Object.values(JSON.parse(readFileSync(join(home, "mcp-trust.json"), "utf8")) as object);
    expect(stored).toEqual([{ path: cwd, trusted_at: expect.stringMatching(/^\d{4}-/) }]);
    expect((await type("mcp approve --list")).stdout).toContain(cwd);
    await type("mcp trust --remove");
    expect((await type("mcp trust --list")).stdout).toBe("PATH  TRUSTED AT\n");
  });
});
