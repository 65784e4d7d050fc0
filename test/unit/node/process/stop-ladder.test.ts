import { describe, expect, it } from "vitest";
import type { ProcessInfo } from "../../../../lib/node/process/identity.js";
import type { Tree } from "../../../../lib/node/process/levels/level.js";
import { sleep, type StopOptions, stopTree, within } from "../../../../lib/node/process/stop-ladder.js";
import { createManualClock, type ManualClock } from "../../../../lib/testing/manual-clock.js";

interface Behaviour {
  /** Time after TERM at which it ends; absent = never. */
  readonly obeysMs?: number;
  /** Kills that it survives. @defaultValue 0 */
  readonly survives?: number;
  /** How often there is a new one behind a look that found nobody. */
  readonly returns?: number;
}

/** A tree of one process, and what was done to it, each with its time. */
function treeOf(clock: ManualClock, { obeysMs, survives = 0, returns = 0 }: Behaviour = {}) {
  const done: [string, number][] = [];
  let alive = true;
  let survived = 0;
  let returned = 0;
  const tree: Tree & { readonly done: typeof done } = {
    done,
    async scan() {
      // Forked in the moment of the look: the first one that finds nobody is wrong.
      if (!alive && returned < returns) {
        returned += 1;
        alive = true;
        return new Map();
      }
      const info: ProcessInfo = { pid: 7, name: "stubborn", state: "S", ppid: 1, group: 7, session: 7, startTicks: 1, foreground: false };
      return new Map(alive ? [[7, info]] : []);
    },
    async terminate(members) {
      done.push(["TERM", clock.monotonic()]);
      if (obeysMs !== undefined) clock.schedule(() => (alive = false), obeysMs);
      return members.size;
    },
    kill(members) {
      done.push(["KILL", clock.monotonic()]);
      alive = survived++ < survives;
      return members.size;
    },
  };
  return tree;
}

async function stop(behaviour: Behaviour, part: Partial<StopOptions> = {}) {
  const clock = createManualClock();
  const tree = treeOf(clock, behaviour);
  const told: string[] = [];
  let endedMs: number | undefined;
  const stopped = stopTree(tree, {
    clock,
    politeMs: 1_000,
    killMs: 500,
    told: (signal, targets) => told.push(`${signal} ${targets}`),
    ...part,
  });
  void stopped.then(() => (endedMs = clock.monotonic()));
  await clock.advance(10_000);
  return { leaks: await stopped, told, done: tree.done, endedMs, clock };
}

describe("stopTree", () => {
  it("is polite first, and sends no KILL to who obeys", async () => {
    const { leaks, told, done, endedMs } = await stop({ obeysMs: 110 });
    expect([leaks, told, done]).toEqual([[], ["SIGTERM 1"], [["TERM", 0]]]);
    expect(endedMs).toBe(125);
  });

  it("kills who is still there when the polite time is over, and tells of it once", async () => {
    const { leaks, told, done } = await stop({ survives: 2 });
    expect([leaks, told]).toEqual([[], ["SIGTERM 1", "SIGKILL 1"]]);
    expect(done).toEqual([
      ["TERM", 0],
      ["KILL", 1_000],
      ["KILL", 1_025],
      ["KILL", 1_050],
    ]);
  });

  it("goes on until two looks in a row find nobody", async () => {
    const { leaks, done } = await stop({ obeysMs: 10, returns: 3 });
    expect(leaks).toEqual([]);
    expect(done.filter(([signal]) => signal === "KILL")).toHaveLength(3);
  });

  it("names who cannot be ended, when the time for it is over", async () => {
    const { leaks, done, endedMs } = await stop({ survives: Number.POSITIVE_INFINITY });
    expect(leaks).toEqual([{ pid: 7, name: "stubborn" }]);
    expect(endedMs).toBe(1_500);
    expect(done.at(-1)).toEqual(["KILL", 1_475]);
  });

  it("looks at once when the leader has exited", async () => {
    const exited = Promise.withResolvers<void>();
    const clock = createManualClock();
    const tree = treeOf(clock, { obeysMs: 10 });
    const stopped = stopTree(tree, { clock, politeMs: 1_000, killMs: 500, leaderExited: exited.promise });
    await clock.advance(11);
    exited.resolve();
    await clock.advance(0);
    expect(await stopped).toEqual([]);
    expect(clock.monotonic()).toBe(11);
  });

  it("sends nothing into an empty tree", async () => {
    const clock = createManualClock();
    const tree = { ...treeOf(clock), scan: async () => new Map() };
    expect(await stopTree(tree, { clock, politeMs: 1_000, killMs: 500 })).toEqual([]);
    expect([tree.done, clock.pending]).toEqual([[], 0]);
  });

  it("tells of no TERM that reached nobody", async () => {
    const clock = createManualClock();
    const tree = treeOf(clock);
    const told: string[] = [];
    const stopped = stopTree(
      { ...tree, terminate: async () => 0 },
      { clock, politeMs: 100, killMs: 500, told: (signal) => told.push(signal) },
    );
    await clock.advance(1_000);
    await stopped;
    expect(told).toEqual(["SIGKILL"]);
  });
});

describe("within", () => {
  it("gives the value that comes in time, and leaves no timer", async () => {
    const clock = createManualClock();
    expect(await within(clock, 100, Promise.resolve("value"))).toBe("value");
    expect(clock.pending).toBe(0);
    await expect(within(clock, 100, Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(clock.pending).toBe(0);
  });

  it("gives nothing for what takes longer", async () => {
    const clock = createManualClock();
    const late = within(clock, 100, sleep(clock, 101));
    await clock.advance(100);
    expect(await late).toBeUndefined();
  });
});
