import { describe, it } from "vitest";
import { createContainment } from "../../lib/node/process/containment.js";
import { levelNames } from "../../lib/node/process/levels/level.js";
import { createProcessExecutor } from "../../lib/node/process/process-executor.js";
import { RunManager } from "../../lib/runs/manager.js";
import { systemHost } from "../../lib/system-host.js";
import { beating, endSurvivors, shapeArgv, treeFolder } from "../support/process-tree.js";
import { randomOf, sampled } from "./support/trials.js";
import { brokenWord, leftOf, treeMembers } from "./support/tree-shapes.js";

const containment = createContainment({ storeId: `timeouts${process.pid}` });
const { levels } = await containment.report();
const wallMs = 700;
const { random } = randomOf("timeouts");
const graceMs = 300;

describe.for(levelNames.filter((level) => levels[level].available))("a tree whose time is over, at level %s", (level) => {
  it.concurrent.for(sampled(Object.keys(treeMembers), 5, random))(
    "leaves nothing of %s but what the level states, and the run says why it ended",
    async (shape, { expect, onTestFinished }) => {
      const folder = treeFolder();
      onTestFinished(() => {
        endSurvivors(folder.path);
        folder.remove();
      });
      const executor = createProcessExecutor({ host: systemHost, containment, level, limits: { graceMs } });
      const manager = new RunManager({
        executors: { process: executor },
        graceMs,
        limits: { graceMs },
      });
      await manager.open();
      onTestFinished(() => manager.close());
      const run = await manager.start({ argv: shapeArgv(shape, folder.path), env: { MARK: folder.path }, budget: { wall_ms: wallMs } });
      // On a busy machine the time may be over before everybody has beaten; what is there must go all the same.
      await Promise.race([beating(folder.path, treeMembers[shape] ?? []), run.done()]);
      const { duration_ms: durationMs = 0, ...record } = await run.done();
      expect(record).toMatchObject({ status: "failed", stop_reason: "budget_wall", error_code: "budget_exceeded" });
      expect(durationMs).toBeLessThan(wallMs + graceMs + 2_000);
      expect(brokenWord(level, shape, await leftOf(folder.path))).toEqual([]);
    },
  );
});
