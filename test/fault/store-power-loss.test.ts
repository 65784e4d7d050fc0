import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, describe, it } from "vitest";
import { temporaryFolder } from "../support/sqlite.js";
import { type Event, eventsOf } from "./support/power-events.js";
import { imageAfter, writeImage } from "./support/store-power.js";
import { lastAcknowledged, programs } from "./support/store-process.js";
import { smallFolder } from "./support/store-small-disk.js";
import type { Random } from "./support/store-random.js";
import { hasStrace, readLog, straced } from "./support/store-strace.js";
import { finds, holds, seed } from "./support/trials.js";
import { verifyStore } from "./support/store-verify.js";
import { Workload } from "./support/store-workload.js";

const inFlight = 4;
const ours = programs();
const small = smallFolder();
// Lost most is the work of a writer that makes no room in its log, and now and then of one that does.
let events: readonly Event[] = [];
let withRoom: readonly Event[] = [];

/** All that a writer asked of the disk, from the first opening on: with moves of the log, freed pages, an end in order and a new start. */
async function record(bug?: string, parent = small.path): Promise<readonly Event[]> {
  const folder = temporaryFolder(parent);
  try {
    const path = folder.file("store.db");
    const [log, said] = [`${folder.path}.log`, `${folder.path}.said`];
    const steps = [40, "tidy", 60, "tidy", 20, "reopen", 40, "tidy", 20] as const;
    await ours.write({ path, seed, inFlight, steps, to: said, bug }, { wrap: straced({ path, also: said, log, withData: true }) });
    const recorded = eventsOf(readLog(log), folder.path, said);
    if (recorded.filter((event) => event.kind === "said" && event.line.startsWith("ack ")).length !== 180)
      throw new Error("The writer did not do its work.");
    return recorded;
  } finally {
    folder.remove();
    for (const file of [`${folder.path}.log`, `${folder.path}.said`]) rmSync(file, { force: true });
  }
}

async function loss(recorded: readonly Event[], random: Random): Promise<readonly string[]> {
  const folder = temporaryFolder(small.path);
  try {
    const image = imageAfter(recorded.slice(0, random.between(1, recorded.length)), random);
    writeImage(folder.path, image);
    const acknowledged = lastAcknowledged(image.said);
    return verifyStore(folder.file("store.db"), { workload: new Workload(seed), acknowledged, issued: acknowledged + inFlight });
  } finally {
    folder.remove();
  }
}

beforeAll(async () => {
  if (hasStrace) [events, withRoom] = await Promise.all([record(), record(undefined, tmpdir())]);
});
afterAll(() => {
  ours.remove();
  small.remove();
});

describe.skipIf(!hasStrace)("a store whose power is lost", () => {
  it("has what it acknowledged, whatever became of the writes that were not synced", async () => {
    await holds({ promise: "R2, R3 power loss", short: 300, shortMs: 60_000, long: 5_000, lanes: 1 }, (random) =>
      loss(random.chance(0.1) ? withRoom : events, random),
    );
  });

  it("is seen to be wrong when it runs with synchronous=OFF", async () => {
    const unsynced = await record("runs with synchronous=OFF");
    await finds("synchronous=OFF", { within: 100, lanes: 1 }, (random) => loss(unsynced, random));
  });
});

it.skipIf(hasStrace)("a store whose power is lost (skipped: strace is not here or may not trace)", () => {});
