// What a start, an append, a page and an attach cost in a large store against a small one: nothing may grow faster than its work.
import { compare } from "../lib/compare.mjs";
import { fillRuns } from "../lib/prepared-records.mjs";
import { prepareRun } from "../lib/prepared-run.mjs";
import { core, part } from "../lib/product.mjs";
import { eventType, sampleParts, samplePayload } from "../lib/sample-event.mjs";
import { openSettledStore } from "../lib/settled-store.mjs";
import { freshPath } from "../lib/temporary-folder.mjs";
import { DatabaseSync } from "node:sqlite";

const few = 1_000;
const manyRuns = 100_000;
const manyEvents = 500_000;
/** A little for deeper trees and colder pages. */
const goal = 1.5;
const limits = { streamEvents: 10_000_000, streamBytes: 1 << 30, keptRuns: 1_000_000, storeBytes: 2 ** 33 };

const { RunManager, functionExecutor, openSqliteStore } = await core();
const { createEvent } = await part("lib/events/encode.js");

const [small, large] = [await withRuns(few), await withRuns(manyRuns)];
await row("growth-start", `start → completed with ${manyRuns} stored runs against ${few}`, "µs", (side) => startTime(side.manager));
await row("growth-list", `newest page of 50 of ${manyRuns} runs against ${few}, through the manager`, "µs", (side) =>
  listTime(side.manager),
);
await Promise.all([small.manager.close(), large.manager.close()]);

const [short, long] = [await withEvents(few), await withEvents(manyEvents)];
await row("growth-append", `commit of 64 events after ${manyEvents} against after ${few}`, "µs", appendTime, short, long);
await row("growth-attach", `attach at the end of ${manyEvents} events against ${few}`, "µs", attachTime, short, long);
await Promise.all([short.manager.close(), long.manager.close()]);

async function row(id, title, unit, measure, limitSide = small, oursSide = large) {
  await compare({
    rows: [{ id, title, unit, better: "lower", goal }],
    seconds: 2,
    ours: async () => ({ [id]: await measure(oursSide) }),
    limit: async () => ({ [id]: await measure(limitSide) }),
  });
}

async function withRuns(count) {
  const path = freshPath("runs.db");
  await (await openSqliteStore({ path, limits })).close();
  const db = new DatabaseSync(path);
  db.exec("PRAGMA synchronous=OFF; PRAGMA cache_size=-200000");
  fillRuns(db, count);
  db.close();
  return open(path);
}

async function withEvents(events) {
  const path = freshPath("events.db");
  const { id } = await prepareRun({ path, events, limits });
  return { ...(await open(path)), id, seq: 0, events };
}

async function open(path) {
  const store = await openSettledStore({ path, limits });
  const manager = new RunManager({
    executors: { bench: functionExecutor(() => {}) },
    profiles: { craft: { executor: "bench" } },
    store,
    limits,
  });
  await manager.open();
  return { manager, store };
}

async function startTime(manager) {
  const runs = 100;
  const startedAt = performance.now();
  for (let i = 0; i < runs; i += 1) await (await manager.start({ prompt: "bench" })).done();
  return ((performance.now() - startedAt) * 1_000) / runs;
}

async function listTime(manager) {
  const pages = 100;
  const startedAt = performance.now();
  for (let i = 0; i < pages; i += 1) await manager.list({ limit: 50 });
  return ((performance.now() - startedAt) * 1_000) / pages;
}

/** In the store itself: a finished run takes no more through its manager. */
async function appendTime(side) {
  const commits = 100;
  const stream = `run:${side.id}`;
  const startedAt = performance.now();
  for (let i = 0; i < commits; i += 1) {
    const expectedSeq = side.events + side.seq;
    const events = Array.from({ length: 64 }, (_, at) =>
      createEvent({ ...sampleParts(expectedSeq + at + 1), type: eventType, payload: samplePayload(expectedSeq + at + 1) }),
    );
    await side.store.commit({ appends: [{ stream, expectedSeq, events }] });
    side.seq += 64;
  }
  return ((performance.now() - startedAt) * 1_000) / commits;
}

async function attachTime(side) {
  const attaches = 200;
  const after = side.events - 10;
  const startedAt = performance.now();
  for (let i = 0; i < attaches; i += 1) await side.store.read(`run:${side.id}`, after, 1);
  return ((performance.now() - startedAt) * 1_000) / attaches;
}
