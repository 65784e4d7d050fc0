import { describe, it, type TestContext } from "vitest";
import { type Containment, createContainment } from "../../lib/node/process/containment.js";
import { levelNames, type LevelName } from "../../lib/node/process/levels/level.js";
import { createProcessExecutor } from "../../lib/node/process/process-executor.js";
import { systemHost } from "../../lib/system-host.js";
import { killsLeaderOnly } from "../support/mutants/wrong-containments.js";
import { beating, endSurvivors, shapeArgv, shapes, survivors, treeFolder } from "../support/process-tree.js";
import { createFakeRun } from "../support/run-context.js";
import { trials } from "./support/trials.js";
import { brokenWord, leftOf, treeMembers } from "./support/tree-shapes.js";

const storeId = `trees${process.pid}`;
const containment = createContainment({ storeId });
const { levels } = await containment.report();
const graceMs = 300;
// Ten shapes at four levels, 6,000 trees before a release.
const repeats = trials(1, 150) - 1;

function plant(level: LevelName, shape: string, { onTestFinished }: TestContext, wrap = (same: Containment): Containment => same) {
  const folder = treeFolder();
  onTestFinished(() => {
    endSurvivors(folder.path);
    folder.remove();
  });
  const executor = createProcessExecutor({ host: systemHost, containment: wrap(containment), level, limits: { graceMs } });
  const run = createFakeRun({ argv: shapeArgv(shape, folder.path), env: { MARK: folder.path } });
  return { folder: folder.path, executor, run };
}

for (const level of levelNames) {
  const report = levels[level];
  const title = report.available ? `at level ${level}` : `at level ${level} (not to be had here: ${report.why})`;
  describe.skipIf(!report.available)(`a canceled tree ${title}`, () => {
    const canceled = shapes.filter((shape) => treeMembers[shape]);
    it.concurrent.for(canceled)("leaves nothing of %s but what the level states", { repeats }, async (shape, context) => {
      const { expect } = context;
      const { folder, executor, run } = plant(level, shape, context);
      const ended = executor.execute(run.context);
      await beating(folder, treeMembers[shape] ?? []);
      const from = performance.now();
      run.abort();
      await ended;
      const took = performance.now() - from;
      expect(brokenWord(level, shape, await leftOf(folder))).toEqual([]);
      expect(took).toBeLessThan(graceMs + 2_000);
      expect(run.of("process.started")).toHaveLength(1);
      expect(run.of("process.exited")).toHaveLength(1);
      expect(run.of("process.exited")[0]?.payload["leaked"]).toBeUndefined();
    });

    it("ends within 500 ms of its leader's exit when somebody else holds the output", { repeats }, async (context) => {
      const { expect } = context;
      const { folder, executor, run } = plant(level, "08-holds-stdout", context);
      const ended = executor.execute(run.context);
      await run.seen((event) => event.payload["text"] === "done\n");
      const from = performance.now();
      const outcome = await ended;

      // The leader exits right after it spoke; half as much again is for a busy machine.
      expect(performance.now() - from).toBeLessThan(750);
      expect(outcome).toMatchObject({ status: "completed", exit_code: 0, result: "done\n" });
      expect(survivors(folder).size).toBe(0);
    });
  });
}

describe("the signals of a canceled tree", () => {
  it.for(levelNames.filter((level) => levels[level].available))(
    "are exactly one TERM and no KILL for who obeys, at level %s",
    async (level, { expect }) => {
      const script = `trap 'echo TERM' TERM; echo ready; n=0; while [ $n -lt 10 ]; do sleep 0.05; n=$((n + 1)); done; echo end`;
      const run = createFakeRun({ argv: ["/bin/sh", "-c", script] });
      const executor = createProcessExecutor({ host: systemHost, containment, level });
      const ended = executor.execute(run.context);
      await run.seen((event) => event.payload["text"] === "ready\n");
      run.abort();
      await ended;
      expect(run.output("stdout")).toBe("ready\nTERM\nend\n");
      expect(run.of("process.signal").map(({ payload }) => [payload["signal"], payload["by"]])).toEqual([["SIGTERM", "canceled"]]);
    },
  );

  it.for(levelNames.filter((level) => levels[level].available))(
    "reach a process that has only just started, at level %s",
    async (level, { expect }) => {
      const run = createFakeRun({ argv: ["/bin/sleep", "60"] });
      const executor = createProcessExecutor({ host: systemHost, containment, level });
      const ended = executor.execute(run.context);
      await run.seen((event) => event.type === "process.started");
      const from = performance.now();
      run.abort();
      await ended;
      expect(performance.now() - from).toBeLessThan(2_000);
      expect(run.of("process.exited")[0]?.payload).toMatchObject({ signal: "SIGTERM" });
    },
  );
});

describe("a containment that kills the leader only", () => {
  it("is found out by what it leaves", async (context) => {
    const level = "group";
    for (const shape of ["01-one-child", "10-wrapper"]) {
      const { folder, executor, run } = plant(level, shape, context, killsLeaderOnly);
      const ended = executor.execute(run.context);
      await beating(folder, treeMembers[shape] ?? []);
      run.abort();
      await ended;
      context.expect(brokenWord(level, shape, await leftOf(folder))).not.toEqual([]);
    }
  });
});
