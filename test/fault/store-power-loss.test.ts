import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, it } from "vitest";
import { temporaryFolder } from "../support/sqlite.js";
import { type Event, eventsOf, imageAfter, writeImage } from "./support/store-power.js";
import { programs } from "./support/store-process.js";
import type { Random } from "./support/store-random.js";
import { hasStrace, readLog, straced } from "./support/store-strace.js";
import { finds, holds, seed } from "./support/trials.js";
import { verifyStore } from "./support/store-verify.js";
import { Workload } from "./support/store-workload.js";

const inFlight = 4;
const ours = programs();
let events: readonly Event[] = [];

/** All that a writer asked of the disk, from the first opening on: with moves of the log, freed pages, an end in order and a new start. */
async function record(bug?: string): Promise<readonly Event[]> {
  const folder = temporaryFolder();
  try {
    const path = folder.file("store.db");
    const [log, said] = [`${folder.path}.log`, `${folder.path}.said`];
    const steps = [40, "tidy", 60, "tidy", 20, "reopen", 40, "tidy", 20] as const;
    await ours.write({ path, seed, inFlight, steps, to: said, bug }, { wrap: straced({ path, also: said, log, withData: true }) });
    const recorded = eventsOf(readLog(log), path, said);
    if (recorded.filter(({ kind }) => kind === "ack").length !== 180) throw new Error("The writer did not do its work.");
    return recorded;
  } finally {
    folder.remove();
    for (const file of [`${folder.path}.log`, `${folder.path}.said`]) rmSync(file, { force: true });
  }
}

async function loss(recorded: readonly Event[], random: Random): Promise<readonly string[]> {
  const folder = temporaryFolder();
  try {
    const image = imageAfter(recorded.slice(0, random.between(1, recorded.length)), random);
    writeImage(folder.path, image);
    const { acknowledged } = image;
    return verifyStore(folder.file("store.db"), { workload: new Workload(seed), acknowledged, issued: acknowledged + inFlight });
  } finally {
    folder.remove();
  }
}

beforeAll(async () => {
  if (hasStrace) events = await record();
});
afterAll(() => ours.remove());

describe.skipIf(!hasStrace)("a store whose power is lost", () => {
  it("has what it acknowledged, whatever became of the writes that were not synced", async () => {
    await holds({ promise: "R2, R3 power loss", short: 300, shortMs: 15_000, long: 5_000, lanes: 1 }, (random) => loss(events, random));
  });

  it("is seen to be wrong when it runs with synchronous=OFF", async () => {
    const unsynced = await record("runs with synchronous=OFF");
    await finds("synchronous=OFF", { within: 100, lanes: 1 }, (random) => loss(unsynced, random));
  });
});

it.skipIf(hasStrace)("a store whose power is lost (skipped: strace is not here or may not trace)", () => {});
