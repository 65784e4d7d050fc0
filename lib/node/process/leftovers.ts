import type { Clock } from "../../host.js";
import { createContainment, type Containment } from "./containment.js";
import { isDead, type ProcessIdentity } from "./identity.js";
import { cgroupRoots, cgroupsOf, createCgroupTree, removeFolder, storeFolder } from "./levels/cgroup.js";
import { cookieOf, createGroupTree } from "./levels/group.js";
import type { Tree } from "./levels/level.js";
import { stopTree, within, type Leak } from "./stop-ladder.js";

/** What the log says of a process of a run that has not ended. */
export interface RecordedProcess extends ProcessIdentity {
  readonly run_id: string;
}

/** Settings of {@link sweepLeftovers}. */
export interface SweepOptions {
  /** The store whose leftovers are ended; those of others are never touched. */
  readonly storeId: string;
  /** From `process.started` of each run without a terminal event. */
  readonly recorded: readonly RecordedProcess[];
  readonly clock: Clock;
  /** @defaultValue a new one for `storeId` */
  readonly containment?: Containment;
}

/** What a sweep came upon. */
export interface SweepReport {
  /** Runs of which processes were left. */
  readonly runs: readonly string[];
  /** Processes that could not be ended in time. */
  readonly leaked: readonly (Leak & { readonly run_id: string })[];
}

const politeMs = 1_000;
const killMs = 2_000;
const sweepMs = 5_000;

/**
 * Ends all that earlier processes of this store left running, found by recorded identity, by cookie and by cgroup. To be
 * called while the store's lock is held and before any run starts; takes at most 5 s.
 */
export async function sweepLeftovers(options: SweepOptions): Promise<SweepReport> {
  const { storeId, recorded, clock, containment = createContainment({ storeId }) } = options;
  const trees = findTrees(storeId, recorded, containment);
  const found = new Set<string>();
  const sweeps = trees.map(async ({ runId, tree }) => {
    if ((await tree.scan()).size === 0) return [];
    found.add(runId);
    const leaks = await stopTree(tree, { clock, politeMs, killMs });
    return leaks.map((leak) => ({ ...leak, run_id: runId }));
  });
  const ended = await within(clock, sweepMs, Promise.all(sweeps));
  const leaked = ended ? ended.flat() : await stillThere(trees);
  removeCgroups(storeId);
  return { runs: [...found], leaked };
}

interface RunTree {
  readonly runId: string;
  readonly tree: Tree;
}

function findTrees(storeId: string, recorded: readonly RecordedProcess[], { table }: Containment): RunTree[] {
  const { reader } = table;
  const leaders = new Map<string, ProcessIdentity | undefined>();
  const snapshot = table.read();
  const ours = `${storeId}.`;
  for (const info of snapshot.processes) {
    const cookie = isDead(info) ? undefined : snapshot.cookie(info.pid);
    if (cookie?.startsWith(ours)) leaders.set(cookie.slice(ours.length), undefined);
  }
  // A pid from before the last boot means nobody.
  for (const one of recorded) if (one.boot_id === reader.bootId()) leaders.set(one.run_id, one);
  const trees = [...leaders].map(([runId, leader]) => ({
    runId,
    tree: createGroupTree(table, { ...(leader && { leader }), cookie: cookieOf(storeId, runId), cookieSuffices: true }),
  }));
  for (const [runId, folder] of cgroups(storeId)) trees.push({ runId, tree: createCgroupTree(reader, folder) });
  return trees;
}

async function stillThere(trees: readonly RunTree[]): Promise<(Leak & { run_id: string })[]> {
  const left = await Promise.all(trees.map(async ({ runId, tree }) => [...(await tree.scan()).values()].map(({ pid, name }) => ({ pid, name, run_id: runId }))));
  return left.flat();
}

function cgroups(storeId: string): [string, string][] {
  return process.platform === "linux" ? cgroupRoots().flatMap((root) => [...cgroupsOf(root, storeId)]) : [];
}

function removeCgroups(storeId: string): void {
  if (process.platform !== "linux") return;
  for (const root of cgroupRoots()) removeFolder(storeFolder(root, storeId));
}
