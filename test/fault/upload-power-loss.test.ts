import { createHash } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { afterAll, beforeAll, describe, it } from "vitest";
import { startDaemon } from "../../adapters/daemon/index.js";
import { call, eventually } from "../support/daemon.js";
import { sourceWorker, temporaryFolder } from "../support/sqlite.js";
import { type Event, eventsOf } from "./support/power-events.js";
import { imageAfter, writeImage } from "./support/store-power.js";
import { programs } from "./support/store-process.js";
import type { Random } from "./support/store-random.js";
import { smallFolder } from "./support/store-small-disk.js";
import { hasStrace, readLog, recorded } from "./support/store-strace.js";
import { verifySound } from "./support/store-verify.js";
import { finds, holds, seed } from "./support/trials.js";
import type { UploadPlan } from "./support/upload-writer.js";

const ours = programs();
const small = smallFolder();
const lives = [14, 10];
let events: readonly Event[] = [];

/** All that a daemon asked of the disk, from the making of its home on, over two lives with uploads, removals and uploads that broke off. */
async function record(bug?: string): Promise<readonly Event[]> {
  const folder = temporaryFolder(small.path);
  const [log, to] = [`${folder.path}.log`, `${folder.path}.said`];
  try {
    const plan: UploadPlan = { root: folder.path, seed, lives, to, bug };
    const { end } = await ours.run("upload-writer", [JSON.stringify(plan)], { wrap: recorded(log) });
    if (end !== 0) throw new Error(`The uploader ended with ${end}.`);
    return eventsOf(readLog(log), folder.path, to);
  } finally {
    folder.remove();
    for (const file of [log, to]) rmSync(file, { force: true });
  }
}

/** The power goes at any moment; the next daemon must have every file that was acknowledged, and no half one. */
async function loss(all: readonly Event[], random: Random): Promise<readonly string[]> {
  const folder = temporaryFolder(small.path);
  try {
    const image = imageAfter(all.slice(0, random.between(1, all.length)), random);
    writeImage(folder.path, image);
    return await verify(folder.path, image.said);
  } finally {
    folder.remove();
  }
}

/** What of a home is not as its client was told, or not whole. */
async function verify(root: string, said: readonly string[]): Promise<string[]> {
  const told = (word: string): string[][] =>
    said.map((line) => line.split(" ")).flatMap(([first, ...rest]) => (first === word ? [rest] : []));
  const digests = new Set(told("sent").flat());
  const [removing, gone] = [new Set(told("removing").flat()), new Set(told("gone").flat())];
  const kept = told("ack").filter(([id = ""]) => !removing.has(id));
  const wrong: string[] = [];
  const daemon = await startDaemon({
    env: { HOME: root },
    cwd: root,
    noTcp: true,
    sqliteWorker: sourceWorker(),
  });
  const { socket, attachments, store } = daemon.home;
  try {
    for (const [id = "", digest] of kept) {
      const { status, bytes } = await call(socket, `/attachments/${id}`);
      if (status !== 200 || digestOf(bytes) !== digest) wrong.push(`${id} was acknowledged and is ${status}, ${bytes.length} bytes`);
    }
    const listed = (await call(socket, "/attachments")).json.attachments as { id: string; sha256: string }[];
    for (const { id, sha256 } of listed) {
      const { bytes } = await call(socket, `/attachments/${id}`);
      if (!digests.has(sha256) || digestOf(bytes) !== sha256) wrong.push(`${id} is there and not what was sent: ${bytes.length} bytes`);
      if (gone.has(id)) wrong.push(`${id} was removed and is there`);
    }
    const names = listed.map(({ id }) => id).sort();
    const isSwept = await eventually(() => readdirSync(attachments).sort().join() === names.join(), 5_000).catch(() => false);
    if (!isSwept) wrong.push(`${readdirSync(attachments).length} files are there for ${names.length} records`);
  } finally {
    await daemon.close();
  }
  return [...wrong, ...verifySound(store)];
}

const digestOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

beforeAll(async () => {
  if (hasStrace) events = await record();
});
afterAll(() => {
  ours.remove();
  small.remove();
});

describe.skipIf(!hasStrace)("a daemon whose power is lost while files are uploaded", () => {
  it("has every file that it acknowledged, whole, and no half one", async () => {
    await holds({ promise: "fault matrix: power loss during uploads", short: 40, shortMs: 30_000, long: 2_000, lanes: 1 }, (random) =>
      loss(events, random),
    );
  });

  it.each(["records an upload before its file is synced", "never syncs the folder of uploads"])(
    "is seen to be wrong when it %s",
    async (bug) => {
      const wrong = await record(bug);
      await finds(bug, { within: 100, lanes: 1 }, (random) => loss(wrong, random));
    },
  );
});

it.skipIf(hasStrace)("a daemon whose power is lost (skipped: strace is not here or may not trace)", () => {});
