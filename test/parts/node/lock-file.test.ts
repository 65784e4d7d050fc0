import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { holdFile } from "../../../lib/node/index.js";

function place(): { folder: string; path: string } {
  const folder = mkdtempSync(join(tmpdir(), "anode-lock-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, path: join(folder, "x.lock") };
}

/** Another process that holds the file, and goes when its input ends or it is killed. */
async function holderOf(path: string) {
  const code = `
    const db = new (require("node:sqlite").DatabaseSync)(${JSON.stringify(path)});
    db.exec("BEGIN EXCLUSIVE");
    console.log("held");
    process.stdin.resume().on("end", () => process.exit());`;
  const child = spawn(process.execPath, ["--no-warnings", "--eval", code]);
  onTestFinished(() => void child.kill("SIGKILL"));
  await new Promise((resolve) => child.stdout.once("data", resolve));
  return { end: () => new Promise((resolve) => (child.once("exit", resolve), child.kill("SIGKILL"))) };
}

describe.each([
  ["that stays", {}],
  ["that is passing", { isPassing: true }],
])("A held file %s", (_, options) => {
  it("is had by one at a time in this process, and by the next after its release", () => {
    const { path } = place();
    const held = holdFile(path, options);
    expect(holdFile(path, options)).toBeUndefined();
    held?.release();
    const next = holdFile(path, options);
    held?.release();
    expect([next !== undefined, holdFile(path, options)]).toEqual([true, undefined]);
    next?.release();
  });

  it("is free when the process that had it was killed", async () => {
    const { path } = place();
    const holder = await holderOf(path);
    expect(holdFile(path, options)).toBeUndefined();
    await holder.end();
    const held = holdFile(path, options);
    expect(held).toBeDefined();
    held?.release();
    expect(existsSync(path)).toBe(!("isPassing" in options));
  });
});

describe("A passing file", () => {
  it("has one owner at a time while many processes take it, remove it and take it anew", async () => {
    const { folder, path } = place();
    const module = JSON.stringify(new URL("../../../lib/node/lock-file.ts", import.meta.url).href);
    const hooks = new URL("../../support/source-hooks.mjs", import.meta.url).href;
    // An owner makes a folder that only one can make, and removes it again.
    const code = `
      const { mkdirSync, rmdirSync } = await import("node:fs");
      const { holdFile } = await import(${module});
      const until = Date.now() + 600;
      let had = 0;
      while (Date.now() < until) {
        const held = holdFile(${JSON.stringify(path)}, { isPassing: true });
        if (!held) continue;
        had += 1;
        mkdirSync(${JSON.stringify(join(folder, "alone"))});
        rmdirSync(${JSON.stringify(join(folder, "alone"))});
        held.release();
      }
      console.log(had);`;
    const run = (): Promise<{ exit: number | null; had: number }> =>
      new Promise((resolve) => {
        let out = "";
        const child = spawn(process.execPath, ["--no-warnings", "--import", hooks, "--input-type=module", "--eval", code]);
        child.stdout.on("data", (text) => (out += String(text)));
        child.on("close", (exit) => resolve({ exit, had: Number(out) }));
      });
    const ends = await Promise.all(Array.from({ length: 4 }, run));
    expect(ends.map(({ exit }) => exit)).toEqual([0, 0, 0, 0]);
    expect(ends.reduce((sum, { had }) => sum + had, 0)).toBeGreaterThan(4);
    expect(readdirSync(folder)).toEqual([]);
  });
});
