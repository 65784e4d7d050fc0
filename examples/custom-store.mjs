// A store of one's own, on two Maps, and the published suite that says whether it keeps the contract.
import assert from "node:assert/strict";
import { AnodeError, encodeLine, functionExecutor, RunManager } from "anode-daemon";
import { failuresOf, storeSuite } from "anode-daemon/testing";

function createMapStore() {
  const streams = new Map();
  const records = new Map();
  let ordinal = 0;
  let isOpen = true;
  const key = (collection, id) => JSON.stringify([collection, id]);
  const assertOpen = () => {
    if (!isOpen) throw new AnodeError("shutting_down", "The store is closed.");
  };
  const stale = () => new AnodeError("stale_commit", "Somebody else was faster.");
  const inOrder = (collection) =>
    [...records.values()].filter((stored) => stored.collection === collection).sort((a, b) => a.ordinal - b.ordinal);

  return {
    supports: { durable: false },
    async commit({ appends = [], puts = [], deletes = [], drops = [] }) {
      assertOpen();
      // Everything is tried on copies, and taken over only when nothing was overtaken.
      const nextStreams = new Map([...streams].map(([name, lines]) => [name, [...lines]]));
      const nextRecords = new Map(records);
      let nextOrdinal = ordinal;
      for (const { stream, expectedSeq, events } of appends) {
        const lines = nextStreams.get(stream) ?? [];
        // A hole is not somebody's being faster, it is a mistake of the writer.
        if (events.length === 0 || events.some((event, i) => event.seq !== expectedSeq + i + 1))
          throw new AnodeError("internal", "An append must be gapless.");
        if (lines.length !== expectedSeq) throw stale();
        nextStreams.set(stream, [...lines, ...events.map(encodeLine)]);
      }
      for (const { collection, id, record, expectedRevision } of puts) {
        const known = nextRecords.get(key(collection, id));
        if ((known?.revision ?? 0) !== expectedRevision) throw stale();
        nextRecords.set(key(collection, id), {
          collection,
          id,
          ordinal: known?.ordinal ?? ++nextOrdinal,
          revision: expectedRevision + 1,
          record,
        });
      }
      for (const { collection, id, expectedRevision } of deletes) {
        const known = nextRecords.get(key(collection, id));
        if (expectedRevision !== undefined && (known?.revision ?? 0) !== expectedRevision) throw stale();
        nextRecords.delete(key(collection, id));
      }
      for (const stream of drops) nextStreams.delete(stream);
      streams.clear();
      records.clear();
      for (const [name, lines] of nextStreams) streams.set(name, lines);
      for (const [name, stored] of nextRecords) records.set(name, stored);
      ordinal = nextOrdinal;
    },
    async read(stream, after, limitBytes) {
      assertOpen();
      const lines = streams.get(stream) ?? [];
      const taken = [];
      for (let seq = after + 1, bytes = 0; seq <= lines.length && (taken.length === 0 || bytes < limitBytes); seq++) {
        taken.push(`${lines[seq - 1]}\n`);
        bytes += Buffer.byteLength(taken.at(-1));
      }
      const found = taken.length > 0;
      return {
        lines: new TextEncoder().encode(taken.join("")),
        fromSeq: found ? after + 1 : 0,
        toSeq: found ? after + taken.length : 0,
        firstSeq: lines.length > 0 ? 1 : 0,
        lastSeq: lines.length,
      };
    },
    async get(collection, id) {
      assertOpen();
      return records.get(key(collection, id));
    },
    async list(collection, { order = "desc", after, limit, where = {} }) {
      assertOpen();
      const matches = ({ record }) => Object.entries(where).every(([field, texts]) => texts.includes(record[field]));
      const beyond = (stored) => after === undefined || (order === "desc" ? stored.ordinal < after : stored.ordinal > after);
      const all = inOrder(collection).filter((stored) => beyond(stored) && matches(stored));
      if (order === "desc") all.reverse();
      return { items: all.slice(0, limit), more: all.length > limit };
    },
    async count(collection, field) {
      assertOpen();
      const counts = {};
      for (const { record } of inOrder(collection))
        if (typeof record[field] === "string") counts[record[field]] = (counts[record[field]] ?? 0) + 1;
      return counts;
    },
    async usage() {
      assertOpen();
      return { kind: "map", bytes: Buffer.byteLength(JSON.stringify([[...streams.values()], [...records.values()]])), limitBytes: 0 };
    },
    async close() {
      isOpen = false;
    },
  };
}

// In a test runner: runSuite(it, storeSuite, subject). Here the broken promises are simply listed.
const failures = await failuresOf(storeSuite, {
  supports: { durable: false },
  async make() {
    const store = createMapStore();
    return { store, dispose: () => store.close() };
  },
});
for (const { clause, title, error } of failures) console.log(`broken: ${clause}: ${title} (${error.message})`);
// It keeps everything for ever, and the suite says so.
assert.deepEqual([...new Set(failures.map(({ clause }) => clause))], ["store.trim", "store.trims"]);

const manager = new RunManager({
  store: createMapStore(),
  executors: { echo: functionExecutor(({ request }) => request.prompt) },
  profiles: { craft: { executor: "echo" } },
});
await manager.open();
const run = await manager.start({ prompt: "kept in a Map" });
assert.equal((await run.done()).result, "kept in a Map");
await manager.close();
