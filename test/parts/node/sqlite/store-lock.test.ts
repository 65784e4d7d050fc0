import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { acquireLock } from "../../../../lib/node/sqlite/store-lock.js";
import { sourceArguments, temporaryFolder } from "../../../support/sqlite.js";

let folder: ReturnType<typeof temporaryFolder>;
let path: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = temporaryFolder();
  path = folder.file("x.lock");
});
afterEach(async () => {
  for (const child of children.splice(0)) await end(child);
  folder.remove();
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

/** Starts a process that tries for the lock, says how it went, and stays. */
async function contender(): Promise<{ child: ChildProcess; outcome: string }> {
  const script = new URL("../../../support/lock-holder.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [...sourceArguments, script, path], { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) return { child, outcome: line };
  throw new Error("The contender said nothing.");
}

describe("acquireLock", () => {
  it("gives the lock to one at a time: a second one learns the owner's pid, and gets it after the release", () => {
    const lock = acquireLock(path);
    const refused = expect.objectContaining({ code: "store_failed", details: { reason: "locked", owner_pid: process.pid } });
    expect(() => acquireLock(path)).toThrow(refused);
    lock.release();
    lock.release();
    acquireLock(path).release();
  });

  it("has a file of mode 0600 whatever the umask, so that the next owner can open it", () => {
    const before = process.umask(0o777);
    const lock = acquireLock(path);
    process.umask(before);
    expect(["", "-wal", "-shm"].map((end) => statSync(`${path}${end}`).mode & 0o777)).toEqual([0o600, 0o600, 0o600]);
    lock.release();
  });

  it("is free again after kill -9, and stays held while its owner is stopped", { timeout: 30_000 }, async () => {
    const { child, outcome } = await contender();
    expect(outcome).toBe("held");
    child.kill("SIGSTOP");
    expect(() => acquireLock(path)).toThrow(expect.objectContaining({ details: { reason: "locked", owner_pid: child.pid } }));
    await end(child);
    acquireLock(path).release();
  });

  it.each([
    ["a folder", (at: string) => mkdirSync(at)],
    [
      "a symbolic link",
      (at: string) => {
        writeFileSync(folder.file("target"), "");
        symlinkSync(folder.file("target"), at);
      },
    ],
    ["a dangling link", (at: string) => symlinkSync(folder.file("nowhere"), at)],
    ["a FIFO", (at: string) => expect(spawnSync("mkfifo", [at]).status).toBe(0)],
  ])("refuses %s at its path", (_, make) => {
    make(path);
    expect(() => acquireLock(path)).toThrow(expect.objectContaining({ code: "store_failed", details: { reason: "unsafe_path" } }));
  });
});
