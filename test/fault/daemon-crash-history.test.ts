import { mkdirSync } from "node:fs";
import { beforeAll, describe, it } from "vitest";
import { newPlace, type Place, startProgram } from "./support/store-daemon.js";
import { writeHistory } from "./support/store-history.js";
import { finds, holds } from "./support/trials.js";

const small = 1_000;
const large = 100_000;
const writeMs = 120_000;
let short: Place;
let long: Place;

/** A home whose store holds so many ended runs; a daemon that comes and goes changes nothing of them. */
function withHistory(runs: number): Place {
  const place = newPlace();
  mkdirSync(place.home.path, { mode: 0o700 });
  mkdirSync(place.home.state, { mode: 0o700 });
  writeHistory(place.home.store, runs);
  return place;
}

beforeAll(() => {
  [short, long] = [withHistory(small), withHistory(large)];
}, writeMs);

async function startMs(place: Place, bug?: string): Promise<number> {
  const daemon = startProgram(place, { bug });
  const ms = await daemon.listensAfterMs;
  if (ms < 0) throw new Error(daemon.said());
  daemon.child.kill("SIGTERM");
  await daemon.ended;
  return ms;
}

/** Best of several pairs, taken in turns: a busy machine makes a start slower, never faster. */
async function compared(mostPairs: number, bug?: string): Promise<readonly string[]> {
  // Whoever runs from the sources compiles them at the first start.
  if (bug) await startMs(short, bug);
  let best = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  let violations: string[] = ["never started"];
  for (let pair = 0; pair < mostPairs && violations.length > 0; pair += 1) {
    best = [Math.min(best[0] ?? 0, await startMs(short, bug)), Math.min(best[1] ?? 0, await startMs(long, bug))];
    const [after = 0, afterLong = 0] = best;
    violations = [
      ...(afterLong / after < 1.5 ? [] : [`${large} runs take ${Math.round(afterLong)} ms, ${small} take ${Math.round(after)} ms`]),
      ...(afterLong <= 1_000 ? [] : [`it listens after ${Math.round(afterLong)} ms`]),
    ];
  }
  console.log(`R29: listening after ${Math.round(best[0] ?? 0)} ms with ${small} runs, ${Math.round(best[1] ?? 0)} ms with ${large}`);
  return violations;
}

describe("a daemon with a long history", () => {
  it("listens as soon as one with a short one", async () => {
    await holds({ promise: "R29 start over history", short: 1, long: 10, lanes: 1 }, () => compared(12));
  });

  it("is seen to be wrong when it replays all logs", async () => {
    await finds("replay all logs", { within: 1, lanes: 1 }, async () =>
      (await compared(1, "replays all logs")).filter((found) => found.includes(`${small} take`)),
    );
  });
});
