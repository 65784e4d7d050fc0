import type { Clock } from "../../host.js";
import { createContainment, type Containment } from "./containment.js";
import type { ProcessIdentity } from "./identity.js";
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
  /** Time between TERM and KILL. @defaultValue 1000 */
  readonly politeMs?: number;
}

/** What a sweep came upon. */
export interface SweepReport {
  /** Runs of which processes were left. */
  readonly runs: readonly string[];
  /** Processes that could not be ended in time. */
  readonly leaked: readonly (Leak & { readonly run_id: string })[];
}

const killMs = 2_000;
const sweepMs = 5_000;

/**
 * Ends all that earlier processes of this store left running, found by recorded identity, by cookie and by cgroup. To be
 * called while the store's lock is held and before any run starts; takes at most 5 s.
 */
export async function sweepLeftovers(options: SweepOptions): Promise<SweepReport> {
  const { storeId, recorded, clock, containment = createContainment({ storeId }), politeMs = 1_000 } = options;
  const found = new Set<string>();
  const sweep = async (trees: readonly RunTree[]): Promise<void> => {
    await Promise.all(
      trees.map(async ({ runId, tree }) => {
        if ((await tree.scan()).size === 0) return;
        found.add(runId);
        await stopTree(tree, { clock, politeMs, killMs });
      }),
    );
  };
  const inCgroups = cgroupTrees(storeId, containment);
  const elsewhere = findTrees(storeId, recorded, containment);
  // One after the other, so that nobody gets TERM from both.
  await within(
    clock,
    sweepMs,
    sweep(inCgroups).then(() => sweep(elsewhere)),
  );
  const leaked = await leaksOf([...inCgroups, ...elsewhere]);
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
  const ours = `${storeId}.`;
  for (const cookie of reader.bearers(ours)) leaders.set(cookie.slice(ours.length), undefined);
  // A pid from before the last boot means nobody.
  for (const one of recorded) if (one.boot_id === reader.bootId()) leaders.set(one.run_id, one);
  return [...leaders].map(([runId, leader]) => ({
    runId,
    tree: createGroupTree(table, { ...(leader && { leader }), cookie: cookieOf(storeId, runId), cookieSuffices: true }),
  }));
}

function cgroupTrees(storeId: string, { table }: Containment): RunTree[] {
  if (process.platform !== "linux") return [];
  const found = cgroupRoots().flatMap((root) => [...cgroupsOf(root, storeId)]);
  return found.map(([runId, folder]) => ({ runId, tree: createCgroupTree(table.reader, folder) }));
}

async function leaksOf(trees: readonly RunTree[]): Promise<SweepReport["leaked"]> {
  const left = new Map<number, Leak & { run_id: string }>();
  for (const { runId, tree } of trees) {
    for (const { pid, name } of (await tree.scan()).values()) left.set(pid, { pid, name, run_id: runId });
  }
  return [...left.values()];
}

function removeCgroups(storeId: string): void {
  if (process.platform !== "linux") return;
  for (const root of cgroupRoots()) removeFolder(storeFolder(root, storeId));
}
