import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { afterAll, describe, it, onTestFinished } from "vitest";
import { temporaryFolder } from "../support/sqlite.js";
import { newPlace, type Place, startProgram } from "./support/store-daemon.js";
import { finds, holds, isLong } from "./support/trials.js";
import { openDatabase } from "./support/store-verify.js";

const small = 1_000;
const large = isLong ? 100_000 : 15_000;
const eventsOfARun = 10;

const written = temporaryFolder();
afterAll(written.remove);

/** A home whose store holds so many ended runs. */
function withHistory(runs: number): Place {
  const place = newPlace();
  onTestFinished(place.remove);
  mkdirSync(place.home.path, { mode: 0o700 });
  mkdirSync(place.home.state, { mode: 0o700 });
  const history = written.file(`${runs}`);
  if (!existsSync(history)) write(history, runs);
  copyFileSync(history, place.home.store);
  return place;
}

function write(path: string, runs: number): void {
  writeFileSync(path, "", { mode: 0o600 });
  const database = openDatabase(path);
  for (let from = 0; from < runs; from += 500) {
    const batch = Array.from({ length: Math.min(500, runs - from) }, (_, index) => {
      const id = `R-1700000000000000000_${from + index + 1}`;
      const record = {
        id,
        status: "completed",
        started_at: "2026-01-02T03:04:05.678Z",
        ended_at: "2026-01-02T03:04:06.678Z",
        last_seq: eventsOfARun,
      };
      const events = Array.from({ length: eventsOfARun }, (__, at) => {
        const isLast = at === eventsOfARun - 1;
        return {
          id: `evt_${at + 1}`,
          run_id: id,
          seq: at + 1,
          type: isLast ? "run.completed" : "test.event",
          status: isLast ? "completed" : "running",
          time: record.ended_at,
          payload: {},
        };
      });
      const lines = events.map((event) => `${JSON.stringify(event)}\n`).join("");
      return {
        appends: [{ stream: `run:${id}`, expectedSeq: 0, count: eventsOfARun, lines }],
        puts: [{ collection: "runs", id, json: JSON.stringify(record), expectedRevision: 0 }],
        deletes: [],
        drops: [],
        trims: [],
      };
    });
    database.commit(batch);
  }
  database.close();
}

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
  const [short, long] = [withHistory(small), withHistory(large)];
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
    await finds("replay all logs", { within: 1, lanes: 1 }, () => compared(2, "replays all logs"));
  });
});
