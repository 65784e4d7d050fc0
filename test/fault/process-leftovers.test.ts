import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { createContainment } from "../../lib/node/process/containment.js";
import { sweepLeftovers, type RecordedProcess } from "../../lib/node/process/leftovers.js";
import type { LevelName } from "../../lib/node/process/levels/level.js";
import { systemHost } from "../../lib/system-host.js";
import { beating, endSurvivors, survivors, treeFolder } from "../support/process-tree.js";

const { clock } = systemHost;
const { levels } = await createContainment({ storeId: "leftovers" }).report();
const support = (name: string) => fileURLToPath(new URL(`../support/${name}`, import.meta.url));
const planted = { "01-one-child": ["leader", "child"], "04-double-fork": ["leader", "daemon"], "05-deaf": ["leader", "child"] };

/** Starts an owner with live trees and kills it by force. */
async function orphan(storeId: string, level: LevelName): Promise<{ folder: string; recorded: RecordedProcess[] }> {
  const { path: folder, remove } = treeFolder();
  onTestFinished(() => {
    endSurvivors(folder);
    remove();
  });
  const argv = ["--import", support("source-hooks.mjs"), support("leaving-owner.ts"), storeId, level, folder, ...Object.keys(planted)];
  const owner = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void owner.kill("SIGKILL"));
  const [line] = (await once(createInterface(owner.stdout), "line")) as [string];
  for (const [shape, names] of Object.entries(planted)) await beating(join(folder, shape), names);
  owner.kill("SIGKILL");
  await once(owner, "exit");
  return { folder, recorded: JSON.parse(line) as RecordedProcess[] };
}

describe("leftovers of an owner that was killed by force", () => {
  it.skipIf(!levels["group+cookie"].available)("are found by their cookie when nothing was recorded", async () => {
    const storeId = `unrecorded${process.pid}`;
    const { folder } = await orphan(storeId, "group+cookie");
    const report = await sweepLeftovers({ storeId, recorded: [], clock });
    expect(report.runs).toHaveLength(3);
    expect(survivors(folder).size).toBe(0);
  });

  it.skipIf(!levels["group+cookie"].available)(
    "are left alone when they belong to another store, another boot or another process of that number",
    async () => {
      const storeId = `foreign${process.pid}`;
      const { folder, recorded } = await orphan(storeId, "group+cookie");
      // Each says its own number: the pauses between beats are processes too, which come and go.
      const beaters = globSync(join(folder, "*/*.pid")).map((file) => Number(readFileSync(file, "utf8")));
      expect(beaters).toHaveLength(6);

      const mine = storeId.slice(0, -1);
      const strangers = recorded.map((one, index) =>
        index === 0 ? { ...one, boot_id: "another" } : { ...one, start_ticks: one.start_ticks - 1 },
      );
      const report = await sweepLeftovers({ storeId: mine, recorded: strangers, clock });

      expect(report).toEqual({ runs: [], leaked: [] });
      const left = survivors(folder);
      expect(beaters.filter((pid) => !left.has(pid))).toEqual([]);
    },
  );

  it("hold nobody up: a store without leftovers is swept at once", async () => {
    const from = performance.now();
    expect(await sweepLeftovers({ storeId: "nobody", recorded: [], clock })).toEqual({ runs: [], leaked: [] });
    expect(performance.now() - from).toBeLessThan(1_000);
  });
});
