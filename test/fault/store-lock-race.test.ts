import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, expect, it, onTestFinished } from "vitest";
import { sourceArguments, temporaryFolder } from "../support/sqlite.js";

/** Starts a process that tries for the lock at a given time, says how it went, and stays until the test has ended. */
async function contender(path: string, startMs: number): Promise<{ child: ChildProcess; outcome: string }> {
  const script = new URL("../support/lock-holder.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [...sourceArguments, script, path, String(startMs)], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  for await (const line of createInterface({ input: child.stdout })) return { child, outcome: line };
  throw new Error("The contender said nothing.");
}

describe("acquireLock", () => {
  it("has exactly one winner among processes that start at once, named by all others", async () => {
    const folder = temporaryFolder();
    onTestFinished(() => folder.remove());
    // Late enough for all of them to have loaded: they spin until this very moment.
    const startMs = Date.now() + 1500;
    const contenders = await Promise.all(Array.from({ length: 4 }, () => contender(folder.file("x.lock"), startMs)));
    const winners = contenders.filter(({ outcome }) => outcome === "held");
    expect(winners).toHaveLength(1);
    const losers = contenders.filter(({ outcome }) => outcome !== "held").map(({ outcome }) => outcome);
    expect(losers).toEqual(Array(3).fill(`store_failed locked ${winners[0]?.child.pid}`));
  });
});
