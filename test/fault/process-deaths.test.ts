import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { createContainment } from "../../lib/node/process/containment.js";
import type { ProcessIdentity } from "../../lib/node/process/identity.js";
import { type RecordedProcess, type SweepReport, sweepLeftovers } from "../../lib/node/process/leftovers.js";
import { cgroupRoots, cgroupsOf } from "../../lib/node/process/levels/cgroup.js";
import type { LevelName } from "../../lib/node/process/levels/level.js";
import { systemReader } from "../../lib/node/process/process-reader.js";
import { RunManager } from "../../lib/runs/manager.js";
import type { RunManagerOptions } from "../../lib/runs/options.js";
import { systemHost } from "../../lib/system-host.js";
import { trustsThePid } from "../support/mutants/wrong-containments.js";
import { beating, endSurvivors, survivors, treeFolder, until } from "../support/process-tree.js";
import { integerOf, randomOf, trials } from "./support/trials.js";
import { treeMembers } from "./support/tree-shapes.js";

const { clock } = systemHost;
const { levels } = await createContainment({ storeId: "deaths" }).report();
const support = (name: string): string => fileURLToPath(new URL(`../support/${name}`, import.meta.url));
// What ends by itself is no leftover; who left everything behind is left out where nothing can find it.
const shapesAt = (level: LevelName): string[] =>
  Object.keys(treeMembers).filter((shape) => level === "cgroup" || level === "pidns" || shape !== "09-cleared-environment");

/** Starts an owner with a live tree of each shape, and kills it by force. */
async function orphans(storeId: string, level: LevelName): Promise<{ folder: string; recorded: RecordedProcess[] }> {
  const { path: folder, remove } = treeFolder();
  onTestFinished(() => {
    endSurvivors(folder);
    remove();
  });
  const shapes = shapesAt(level);
  const argv = ["--import", support("source-hooks.mjs"), support("leaving-owner.ts"), storeId, level, folder, ...shapes];
  const owner = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void owner.kill("SIGKILL"));
  const [line] = (await once(createInterface(owner.stdout), "line")) as [string];
  for (const shape of shapes) await beating(join(folder, shape), treeMembers[shape] ?? []);
  owner.kill("SIGKILL");
  await once(owner, "exit");
  return { folder, recorded: JSON.parse(line) as RecordedProcess[] };
}

/** Live leftovers at the moment in which the next manager accepts work. */
async function leftWhenAccepting(folder: string, leftovers: NonNullable<RunManagerOptions["leftovers"]>): Promise<number> {
  const manager = new RunManager({ leftovers });
  onTestFinished(() => manager.close());
  await manager.open();
  return survivors(folder).size;
}

describe("trees of every shape whose owner was killed by force", () => {
  const swept = (["group", "group+cookie", "cgroup"] as const).filter((level) => levels[level].available);

  it.for(swept)("are gone before the next one accepts work, within 5 s, at level %s", async (level) => {
    const storeId = `deaths${process.pid}${level.replace("+", "_")}`;
    const { folder, recorded } = await orphans(storeId, level);
    expect(survivors(folder).size).toBeGreaterThan(10);
    const from = performance.now();
    let report: SweepReport | undefined;
    const left = await leftWhenAccepting(
      folder,
      async () => void (report = await sweepLeftovers({ storeId, recorded, clock, politeMs: 300 })),
    );
    expect([left, report?.leaked]).toEqual([0, []]);
    expect(report?.runs.toSorted()).toEqual(recorded.map(({ run_id }) => run_id).sort());
    expect(cgroupRoots().flatMap((root) => [...cgroupsOf(root, storeId)])).toEqual([]);
    expect(performance.now() - from).toBeLessThan(5_000);
  });

  it.skipIf(!levels.pidns.available)("end with it at level pidns, within a second", async () => {
    const { folder } = await orphans(`deaths${process.pid}p`, "pidns");
    const from = performance.now();
    await until(() => survivors(folder).size === 0, "the namespaces to end");
    expect(performance.now() - from).toBeLessThan(1_000);
  });

  it("would be found alive if work were accepted before they are gone", async () => {
    const storeId = `deaths${process.pid}early`;
    const { folder, recorded } = await orphans(storeId, "group+cookie");
    let swept: Promise<unknown> = Promise.resolve();
    const left = await leftWhenAccepting(folder, async () => void (swept = sweepLeftovers({ storeId, recorded, clock, politeMs: 300 })));
    expect(left).toBeGreaterThan(0);
    await swept;
  });
});

/** Strangers that say when they are asked to end. */
function strangers(count: number): { readonly identities: ProcessIdentity[]; hit(): Promise<number> } {
  const reader = systemReader();
  let gone = 0;
  const children = Array.from({ length: count }, () => {
    const child = spawn("/bin/sleep", ["60"], { stdio: "ignore", detached: true });
    onTestFinished(() => void child.kill("SIGKILL"));
    child.once("exit", () => (gone += 1));
    return child;
  });
  const identities = children.map(({ pid = 0 }) => ({ pid, start_ticks: reader.read(pid)?.startTicks ?? 0, boot_id: reader.bootId() }));
  return {
    identities,
    async hit() {
      // A signal that was sent has had its effect by the time that a later one has.
      const mark = spawn("/bin/sleep", ["60"], { stdio: "ignore" });
      const ended = once(mark, "exit");
      mark.kill("SIGKILL");
      await ended;
      return gone;
    },
  };
}

describe("processes that have the number of one of ours", () => {
  const random = randomOf("identities");

  /** What the record says of a process that is gone, and whose number a stranger has now. */
  const stale = (identity: ProcessIdentity, index: number): RecordedProcess => ({
    ...identity,
    ...(random.random() < 0.3
      ? { boot_id: "another" }
      : { start_ticks: Math.max(1, identity.start_ticks - 1 - integerOf(random.random, 10_000)) }),
    run_id: `R-${index}`,
  });

  it("are never signaled, whatever was recorded of them", async () => {
    const { identities, hit } = strangers(20);
    for (let trial = 0; trial < trials(10, 500); trial += 1) {
      const report = await sweepLeftovers({ storeId: `strange${process.pid}`, recorded: identities.map(stale), clock, politeMs: 10 });
      expect(report).toEqual({ runs: [], leaked: [] });
    }
    expect(await hit()).toBe(0);
  });

  it("would be hit, and found hit, where the number alone is trusted", async () => {
    const { identities, hit } = strangers(3);
    const recorded = identities.map((identity, index) => ({ ...identity, start_ticks: identity.start_ticks - 1, run_id: `R-${index}` }));
    const containment = { ...createContainment({ storeId: "trusting" }), table: trustsThePid(systemReader(), recorded) };
    await sweepLeftovers({ storeId: "trusting", recorded, clock, politeMs: 10, containment });
    expect(await hit()).toBe(3);
  });
});

const namespaced = ["--pid", "--fork", "--kill-child", "--mount-proc"];
const canReuse = process.getuid?.() === 0 && spawnSync("unshare", [...namespaced, "true"]).status === 0;

/** Sweeps after the kernel has given the numbers of recorded processes to strangers. */
async function sweptReused(rounds: number, ...mutant: string[]): Promise<{ reused: number; hit: number }> {
  const program = fileURLToPath(new URL("./support/reused-number.ts", import.meta.url));
  const argv = [...namespaced, process.execPath, "--import", support("source-hooks.mjs"), program, String(rounds), ...mutant];
  const child = spawn("unshare", argv, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  return JSON.parse(line) as { reused: number; hit: number };
}

describe.skipIf(!canReuse)(
  `a number that the kernel gave to somebody else${canReuse ? "" : " (pid namespaces are not to be had here)"}`,
  () => {
    it("protects its new bearer, every time", async () => {
      const rounds = trials(8, 1_000);
      const { reused, hit } = await sweptReused(rounds);
      expect(reused).toBeGreaterThan(rounds / 2);
      expect(hit).toBe(0);
    });

    it("would not where the number alone is trusted", async () => {
      expect((await sweptReused(2, "trusting")).hit).toBeGreaterThan(0);
    });
  },
);
