import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventsOf } from "../../lib/testing/store-subject.js";
import { openSourceStore, sourceArguments, temporaryFolder } from "../support/sqlite.js";

const cycles = 20;
let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

/** Runs a writer and kills it in the middle of its work, after some acknowledgements; answers the last one. */
async function writeAndKill(path: string, acknowledgements: number): Promise<number> {
  const script = new URL("../support/sqlite-writer.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [...sourceArguments, script, path], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  let last = 0;
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    seen += 1;
    if (seen === acknowledgements) child.kill("SIGKILL");
  }
  await exited;
  expect(child.signalCode).toBe("SIGKILL");
  return last;
}

describe("openSqliteStore after kill -9", () => {
  it("has every acknowledged event without a hole, record and events agree, and the file is whole", { timeout: 120_000 }, async () => {
    const path = folder.file("store.db");
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      const acknowledged = await writeAndKill(path, 1 + ((cycle * 7) % 23));
      const store = await openSourceStore({ path });
      const seqs: number[] = [];
      for (let cursor = 0; ; cursor = seqs.length) {
        const events = eventsOf(await store.read("run:1", cursor, 65_536));
        if (events.length === 0) break;
        seqs.push(...events.map(({ seq }) => seq));
      }
      expect(seqs.length).toBeGreaterThanOrEqual(acknowledged);
      expect(seqs.every((seq, index) => seq === index + 1)).toBe(true);
      expect((await store.get("runs", "1"))?.record).toEqual({ last_seq: seqs.length });
      expect(await store.check()).toEqual([]);
      await store.close();
    }
  });
});
