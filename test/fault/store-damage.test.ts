import { copyFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { segmentCrc } from "../../lib/node/sqlite/crc32.js";
import { linesOf } from "../../lib/testing/store-subject.js";
import { openSourceStore, temporaryFolder } from "../support/sqlite.js";
import { programs } from "./support/store-process.js";
import type { Random } from "./support/store-random.js";
import { finds, holds, seed } from "./support/trials.js";
import { openDatabase } from "./support/store-verify.js";
import { streamOf, Workload } from "./support/store-workload.js";

const operations = 120;
const template = temporaryFolder();
const path = template.file("store.db");
const ours = programs();

beforeAll(async () => {
  await ours.write({ path, seed, inFlight: 4, steps: [operations] });
});
afterAll(() => {
  ours.remove();
  template.remove();
});

function expected(): Workload {
  const workload = new Workload(seed);
  workload.advanceTo(operations);
  return workload;
}

/** What a damaged file is found to serve that was never written; an error that names the place is what it should be. */
function served(file: string): { wrong: string[]; detected: number } {
  const wrong: string[] = [];
  let detected = 0;
  let database: ReturnType<typeof openDatabase> | undefined;
  const look = (what: string, read: () => string | undefined, right: string | undefined): void => {
    try {
      const found = read();
      // A damaged index hides rows at either end of a stream from its reader; only a look at the whole file tells.
      const [whole, part] = [right ?? "", found ?? ""];
      const isPart = whole.startsWith(part) || whole.endsWith(part);
      const isHidden = found !== right && isPart && (database?.check().length ?? 0) > 0;
      if (isHidden) detected += 1;
      else if (found !== right) wrong.push(`${what} is served as ${String(found).slice(0, 60)}`);
    } catch (error) {
      const { code, details, message } = error as { code?: string; details?: Record<string, unknown>; message: string };
      detected += 1;
      const isNamed = code === "internal" ? "stream" in (details ?? {}) || "collection" in (details ?? {}) : code === "store_failed";
      if (!isNamed) wrong.push(`${what}: ${code} ${message}`);
    }
  };
  const { runs } = expected();
  look("the file", () => void (database = openDatabase(file)), undefined);
  for (const { id, events, record } of database ? runs : []) {
    const written = events.map((event) => JSON.stringify(event)).join("\n");
    look(id, () => linesOf((database as NonNullable<typeof database>).read(streamOf(id), 0, 1 << 24)).join("\n"), written);
    look(`the record of ${id}`, () => database?.get("runs", id)?.[3], JSON.stringify(record));
  }
  database?.close();
  return { wrong, detected };
}

async function damaged(random: Random, damage: (file: string, random: Random) => void): Promise<readonly string[]> {
  const folder = temporaryFolder();
  try {
    const file = folder.file("store.db");
    copyFileSync(path, file);
    damage(file, random);
    return served(file).wrong;
  } finally {
    folder.remove();
  }
}

function flip(file: string, random: Random): void {
  const bytes = readFileSync(file);
  const length = random.pick([1, 1, 16, 512, 4096]);
  const from = random.int(bytes.length);
  for (let at = from; at < Math.min(bytes.length, from + length); at += 1)
    bytes[at] = (bytes[at] ?? 0) ^ (length === 1 ? 1 << random.int(8) : random.int(256));
  writeFileSync(file, bytes);
}

function cut(file: string, random: Random): void {
  truncateSync(file, 1 + random.int(readFileSync(file).length - 1));
}

interface Segment {
  readonly rowid: number;
  readonly stream: string;
  readonly first_seq: number;
  readonly last_seq: number;
  readonly body: Uint8Array;
}

/** Changes stored text and makes the checksum fit, as a store without checksums would serve it. */
function forge(file: string): void {
  const db = new DatabaseSync(file);
  const row = db.prepare("SELECT rowid, stream, first_seq, last_seq, body FROM segments LIMIT 1").get() as unknown as Segment;
  const body = row.body.map((byte) => (byte === 0x22 ? 0x27 : byte));
  const crc = segmentCrc(row.stream, row.first_seq, row.last_seq, body);
  db.prepare("UPDATE segments SET body = ?, crc = ? WHERE rowid = ?").run(body, crc, row.rowid);
  db.close();
}

describe("a store file that was damaged", () => {
  it("never gives what was not written: flipped bytes are found, and named", async () => {
    await holds({ promise: "integrity, flipped bytes", short: 150, long: 5_000, lanes: 1 }, (random) => damaged(random, flip));
  });

  it("never gives what was not written: a file that was cut is found", async () => {
    await holds({ promise: "integrity, truncated file", short: 50, long: 1_000, lanes: 1 }, (random) => damaged(random, cut));
  });

  it("is seen to be wrong when its checksums say nothing", async () => {
    await finds("no checksums", { within: 1, lanes: 1 }, (random) => damaged(random, forge));
  });

  it("gives all of it when nothing was damaged", () => {
    expect(served(path)).toEqual({ wrong: [], detected: 0 });
  });

  it("ends its store for good when a page is gone, so that nothing of it is served", async () => {
    const folder = temporaryFolder();
    const file = folder.file("store.db");
    copyFileSync(path, file);
    truncateSync(file, 4096 * 3);
    const outcome = await openSourceStore({ path: file }).then(
      async (store) => {
        const code = await store.get("runs", "R-1").catch((error: { code: string }) => error.code);
        await store.close();
        return code;
      },
      (error: { code: string }) => error.code,
    );
    expect(outcome).toBe("store_failed");
    folder.remove();
  });
});
