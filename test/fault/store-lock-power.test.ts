import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { acquireLock } from "../../lib/node/sqlite/store-lock.js";
import { sourceArguments, temporaryFolder } from "../support/sqlite.js";
import { type Event, eventsOf } from "./support/power-events.js";
import { imageAfter, writeImage } from "./support/store-power.js";
import { randomOf } from "./support/store-random.js";
import { hasStrace, readLog, straced } from "./support/store-strace.js";
import { seed } from "./support/trials.js";

const trials = 300;
const taker = new URL("../support/lock-taker.ts", import.meta.url).pathname;

/** All that two owners of a lock asked of the disk, one after the other, from the making of the file on. */
function record(path: string, log: string): readonly Event[] {
  const [command = "", ...wrap] = straced({ path, log, withData: true });
  const calls = Array.from({ length: 2 }, () => {
    spawnSync(command, [...wrap, process.execPath, ...sourceArguments, taker, path]);
    return readLog(log);
  });
  return eventsOf(calls.flat(), dirname(path));
}

it.skipIf(!hasStrace)("a lock can be taken whatever a power cut left of its file", () => {
  const folder = temporaryFolder();
  onTestFinished(() => folder.remove());
  mkdirSync(folder.file("lock"));
  const events = record(folder.file("lock/x.lock"), folder.file("log"));
  expect(events.filter(({ kind }) => kind === "write").length).toBeGreaterThan(10);
  for (let trial = 0; trial < trials; trial += 1) {
    const random = randomOf(seed, trial);
    const image = folder.file(`image-${trial}`);
    writeImage(image, imageAfter(events.slice(0, random.between(1, events.length)), random));
    expect(() => acquireLock(`${image}/x.lock`).release(), `seed ${seed}, trial ${trial}`).not.toThrow();
    rmSync(image, { recursive: true });
  }
});
