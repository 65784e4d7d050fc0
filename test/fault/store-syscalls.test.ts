import { dirname } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { programs } from "./support/store-process.js";
import { smallFolder } from "./support/store-small-disk.js";
import { randomOf } from "./support/store-random.js";
import { type Played, type Point, pointsOf, type Scenario, scenario } from "./support/store-scenarios.js";
import { hasStrace } from "./support/store-strace.js";
import { finds, holds, seed } from "./support/trials.js";
import { verifyStore } from "./support/store-verify.js";
import { Workload } from "./support/store-workload.js";

const ours = programs();
const small = smallFolder();
/** Making room is thousands of writes, so this one has its turn more rarely. */
const withRoom = "a store that makes room in its log";
const roomEvery = 8;
const scenarios: (Scenario & { remove(): void })[] = [];
let points: Point[] = [];

// Appends, puts, deletes, drops, the schema, moving the log into the file, giving pages back, and the last close.
beforeAll(async () => {
  if (!hasStrace) return;
  scenarios.push(
    await scenario(ours, { name: "a new store", seed, before: [], steps: [30, "tidy", 5], parent: small.path }),
    await scenario(ours, { name: "a store that was left", seed, before: [90], steps: [25, "tidy", 15], parent: small.path }),
    await scenario(ours, { name: withRoom, seed, before: [], steps: [10, "tidy", 5] }),
  );
  points = (await Promise.all(scenarios.map(pointsOf))).flat();
});
afterAll(() => {
  for (const each of scenarios) each.remove();
  ours.remove();
  small.remove();
});

/** The points in an order that shows each kind of call early, by turns. */
function ordered(salt: number): Point[] {
  const random = randomOf(seed, salt);
  const kinds = Map.groupBy(points, ({ scenario: { name }, call }) => `${name} ${call}`);
  const shuffled = [...kinds].map(([name, kind]) => ({
    every: name.startsWith(withRoom) ? roomEvery : 1,
    kind: kind.map((point) => ({ point, at: random.int(2 ** 31) })).sort((a, b) => a.at - b.at),
  }));
  const turns = Math.max(...shuffled.map(({ kind, every }) => kind.length * every));
  const inTurn = (turn: number): Point[] =>
    shuffled.flatMap(({ kind, every }) => (turn % every === 0 ? kind.slice(turn / every, turn / every + 1).map(({ point }) => point) : []));
  return Array.from({ length: turns }, (_, turn) => inTurn(turn)).flat();
}

function verified({ scenario: { seed: by, from } }: Point, { path, written }: Played): string[] {
  const workload = new Workload(by);
  workload.advanceTo(from);
  const acknowledged = Math.max(from, written.acknowledged);
  return verifyStore(path, { workload, acknowledged, issued: acknowledged + 1 });
}

function naming({ scenario: { name }, call, when }: Point, how: string): (violation: string) => string {
  return (violation) => `${name}, ${call} ${when}, ${how}: ${violation}`;
}

async function killAt(point: Point, bug?: string): Promise<string[]> {
  const inject = `${point.call}:signal=KILL:when=${point.when}`;
  return point.scenario.play({ inject, bug }, (played) => {
    const isHit = played.written.end === "SIGKILL";
    return [...(isHit ? [] : [`it ended with ${played.written.end}`]), ...verified(point, played)].map(naming(point, "killed"));
  });
}

async function failAt(point: Point, error: string, bug?: string): Promise<string[]> {
  const inject = `${point.call}:error=${error}:when=${point.when}`;
  return point.scenario.play({ inject, bug }, (played) =>
    [...verified(point, played), ...answersAfterFailure(played, error)].map(naming(point, error)),
  );
}

/** After a failed sync, or a failed write that is not lack of space, nothing is acknowledged any more and all is refused. */
function answersAfterFailure({ path, calls, written }: Played, error: string): string[] {
  const at = calls.findIndex(({ isInjected }) => isInjected);
  if (at < 0) return ["nothing was made to fail"];
  const failed = calls[at];
  // SQLite takes a failed sync of the folder, made once for each new file, for no failure.
  const isSync = (failed?.name === "fsync" || failed?.name === "fdatasync") && failed.path !== dirname(path);
  const isFatal = isSync || (failed?.name === "pwrite64" && error === "EIO");
  const saidAfter = calls.slice(at).filter(({ name, text }) => name === "write" && text.startsWith('"ack'));
  const violations: string[] = [];
  if (written.end !== 0 && written.end !== 74) violations.push(`it ended with ${written.end}`);
  if (isFatal && saidAfter.length > 0) violations.push(`${saidAfter.length} operations were acknowledged after a failed ${failed.name}`);
  for (const line of written.lines.filter((one) => one.startsWith("after "))) {
    const isRight =
      line === "after store_failed: commit store_failed, read store_failed, told 1" ||
      // Full for one call only: by now there is space.
      line === "after storage_full: commit ok, read ok, told 0";
    if (!isRight) violations.push(line);
  }
  return violations;
}

describe.skipIf(!hasStrace)("a store at each of its system calls", () => {
  it("recovers when it is killed there", async () => {
    const chosen = ordered(1);
    await holds({ promise: "R4 killed at a system call", short: 60, shortMs: 60_000, long: 1_000 }, async (_, index) =>
      killAt(chosen[index % chosen.length] as Point),
    );
    console.log(`${chosen.length} calls to be killed at`);
    expect(new Set(chosen.slice(0, 60).map(({ call }) => call))).toEqual(new Set(["pwrite64", "fsync", "ftruncate", "unlink"]));
  });

  it("acknowledges nothing that failed, stops for good after a failed sync, and has the rest, when a call fails there", async () => {
    const chosen = ordered(2);
    const errors = ["EIO", "ENOSPC", "EDQUOT"] as const;
    await holds({ promise: "R5 a failing system call", short: 100, shortMs: 60_000, long: 2_000 }, async (_, index) =>
      failAt(chosen[Math.floor(index / errors.length) % chosen.length] as Point, errors[index % errors.length] as string),
    );
  });

  it("is seen to be wrong when it writes record and event in two transactions", async () => {
    const chosen = ordered(3);
    await finds("record and event in two transactions", { within: 40 }, async (_, index) =>
      killAt(chosen[index] as Point, "writes record and event in two transactions"),
    );
  });

  it.each([
    ["retries after a sync error", "fsync"],
    ["acknowledges a failed write", "pwrite64"],
  ])("is seen to be wrong when it %s", async (bug, call) => {
    const chosen = ordered(4).filter((point) => point.call === call && point.when > 20);
    await finds(bug, { within: 80 }, async (_, index) => failAt(chosen[index % chosen.length] as Point, "EIO", bug));
  });
});

it.skipIf(hasStrace)("a store at each of its system calls (skipped: strace is not here or may not trace)", () => {});
