import { statSync } from "node:fs";
import { describe, it } from "vitest";
import { openSqliteStore } from "../../lib/node/sqlite/sqlite-store.js";
import { appendOf } from "../../lib/testing/store-subject.js";
import { eventually } from "../support/daemon.js";
import { temporaryFolder } from "../support/sqlite.js";
import { workerWith } from "./support/store-mutants.js";
import { finds, holds } from "./support/trials.js";

const MiB = 1 << 20;
const capBytes = 4 * MiB;
const text = "x".repeat(40_000);

/** Writes ten times what the store may hold, giving up the oldest stream whenever it is full. */
async function overwritten(bug?: string): Promise<readonly string[]> {
  const folder = temporaryFolder();
  const path = folder.file("store.db");
  const store = await openSqliteStore({ path, limits: { storeBytes: capBytes }, worker: workerWith(bug) });
  const violations: string[] = [];
  const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  try {
    let oldest = 0;
    let largest = 0;
    for (let stream = 0; stream * text.length < 10 * capBytes; ) {
      const refusal = await store.commit({ appends: [appendOf(`run:${stream}`, 0, 1, text)] }).then(
        () => undefined,
        (error: { code: string }) => error.code,
      );
      if (refusal === undefined) stream += 1;
      else if (refusal === "storage_full" && oldest < stream) await store.commit({ drops: [`run:${oldest++}`] });
      else return [`a write of little more than nothing: ${refusal}`];
      largest = Math.max(largest, sizeOf(path));
    }
    if (largest > 1.2 * capBytes) violations.push(`the file grew to ${largest} bytes, ${capBytes} are allowed`);
    for (; oldest * text.length < 10 * capBytes; oldest += 1) await store.commit({ drops: [`run:${oldest}`] });
    const isSmall = await eventually(() => sizeOf(path) < capBytes / 4, 3_000).catch(() => false);
    if (!isSmall) violations.push(`emptied, the file still has ${sizeOf(path)} bytes`);
    return violations;
  } finally {
    await store.close();
    folder.remove();
  }
}

describe("a store that is filled ten times over", () => {
  it("stays within its bound and gives the space back", async () => {
    await holds({ promise: "R31 size of the store", short: 1, long: 5, lanes: 1 }, () => overwritten());
  });

  it("is seen to be wrong when it never gives space back", async () => {
    await finds("prune without vacuum", { within: 1, lanes: 1 }, () => overwritten("never gives space back"));
  });
});
