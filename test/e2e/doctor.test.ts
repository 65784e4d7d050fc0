import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { newUser, programPath } from "../support/program.js";

const hasPrlimit = spawnSync("prlimit", ["--version"]).status === 0;
const lineOf = (text: string): string => /^descriptors\s.*$/m.exec(text)?.[0] ?? "";

describe.skipIf(!hasPrlimit)(`anode doctor${hasPrlimit ? "" : " (prlimit is not installed here)"}`, () => {
  it("says what few descriptors make of a daemon: of the running one, else of one that would be started now", async () => {
    const user = newUser();
    const few = await user.run("prlimit", "--nofile=256", process.execPath, programPath, "doctor");
    expect(lineOf(few.out)).toMatch(/^descriptors\s+warn\s+256 allow connections 36 instead of 512, webSockets 24 instead of 1100/);
    expect(lineOf((await user.anode("doctor")).out)).toMatch(/^descriptors\s+ok\s+\d+/);
    await user.run("prlimit", "--nofile=256", process.execPath, programPath, "daemon", "--detach");
    expect(lineOf((await user.anode("doctor")).out)).toMatch(/^descriptors\s+warn\s+256 allow/);
  });
});
