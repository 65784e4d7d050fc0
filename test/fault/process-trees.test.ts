import { describe, it, type TestContext } from "vitest";
import { createContainment } from "../../lib/node/process/containment.js";
import { levelNames, type LevelName } from "../../lib/node/process/levels/level.js";
import { createProcessExecutor } from "../../lib/node/process/process-executor.js";
import { systemHost } from "../../lib/system-host.js";
import { beating, beats, endSurvivors, shapeArgv, shapes, survivors, treeFolder } from "../support/process-tree.js";
import { createFakeRun } from "../support/run-context.js";

const storeId = `trees${process.pid}`;
const containment = createContainment({ storeId });
const { levels } = await containment.report();
const graceMs = 300;

/** Who must be beating before the tree is canceled. */
const members: Readonly<Record<string, readonly string[]>> = {
  "01-one-child": ["leader", "child"],
  "02-three-levels": ["leader", "child", "grandchild"],
  "03-setsid-grandchild": ["leader", "grandchild"],
  "04-double-fork": ["leader", "daemon"],
  "05-deaf": ["leader", "child"],
  "06-respawner": ["leader", "child"],
  "07-stopped": ["leader", "stopped"],
  "09-cleared-environment": ["leader", "ghost"],
  "10-wrapper": ["agent"],
};

/** What a level states that it cannot hold. */
const escapes: Readonly<Partial<Record<LevelName, Readonly<Record<string, string>>>>> = {
  group: { "04-double-fork": "daemon", "09-cleared-environment": "ghost" },
  "group+cookie": { "09-cleared-environment": "ghost" },
};

function plant(level: LevelName, shape: string, { onTestFinished }: TestContext) {
  const folder = treeFolder();
  onTestFinished(() => {
    endSurvivors(folder.path);
    folder.remove();
  });
  const executor = createProcessExecutor({ host: systemHost, containment, level, limits: { graceMs } });
  const run = createFakeRun({ argv: shapeArgv(shape, folder.path), env: { MARK: folder.path } });
  return { folder: folder.path, executor, run };
}

for (const level of levelNames) {
  const report = levels[level];
  const title = report.available ? `at level ${level}` : `at level ${level} (not to be had here: ${report.why})`;
  describe.skipIf(!report.available)(`a canceled tree ${title}`, () => {
    const canceled = shapes.filter((shape) => members[shape]);
    it.concurrent.for(canceled)("leaves nothing of %s but what the level states", async (shape, context) => {
      const { expect } = context;
      const { folder, executor, run } = plant(level, shape, context);
      const ended = executor.execute(run.context);
      await beating(folder, members[shape] ?? []);
      const from = performance.now();
      run.abort();
      await ended;
      const took = performance.now() - from;
      const escapee = escapes[level]?.[shape];
      const left = [...survivors(folder).values()];
      const before = beats(folder);
      await new Promise((resolve) => setTimeout(resolve, 150));
      const moved = Object.entries(beats(folder)).flatMap(([name, size]) => (size === before[name] ? [] : [name]));

      expect(moved).toEqual(escapee === undefined ? [] : [escapee]);
      if (escapee === undefined) expect(left).toEqual([]);
      expect(took).toBeLessThan(graceMs + 2_000);
      expect(run.of("process.started")).toHaveLength(1);
      expect(run.of("process.exited")).toHaveLength(1);
      expect(run.of("process.exited")[0]?.payload["leaked"]).toBeUndefined();
    });

    it("ends within 500 ms of its leader's exit when somebody else holds the output", async (context) => {
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
