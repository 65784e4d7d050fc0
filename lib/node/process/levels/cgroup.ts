import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isDead, type ProcessIdentity, type ProcessInfo } from "../identity.js";
import type { Members } from "../members.js";
import type { ProcessReader } from "../identity.js";
import { signalVerified } from "../signal-verified.js";
import type { Level, Tree } from "./level.js";

/** Steps into the cgroup before it becomes the command, so that no child is ever outside. */
const enter = `echo $$ > "$0/cgroup.procs" || exit 126\nexec "$@"`;

/** Level `cgroup`: a cgroup v2 folder for each run below `<root>/anode-<store id>`. */
export function createCgroupLevel(reader: ProcessReader, root: string, storeId: string): Level {
  const home = storeFolder(root, storeId);
  return {
    name: "cgroup",
    enclose(runId) {
      const folder = join(home, runId);
      mkdirSync(folder, { recursive: true });
      return {
        wrap: (argv) => ["/bin/sh", "-c", enter, folder, ...argv],
        tree: (leader) => createCgroupTree(reader, folder, leader),
        release() {
          removeFolder(folder);
          // Succeeds only after the last run of the store.
          tryRemove(home);
        },
      };
    },
  };
}

/** Where a store's runs have their cgroups. */
export function storeFolder(root: string, storeId: string): string {
  return join(root, `anode-${storeId}`);
}

/** The cgroups of a store's runs that exist, by run id. */
export function cgroupsOf(root: string, storeId: string): Map<string, string> {
  const home = storeFolder(root, storeId);
  return new Map(folders(home).map((runId) => [runId, join(home, runId)]));
}

/** The processes of one cgroup and of those below it. */
export function createCgroupTree(reader: ProcessReader, folder: string, leader?: ProcessIdentity): Tree {
  const look = (): Members => {
    const members = new Map<number, ProcessInfo>();
    for (const pid of pidsBelow(folder)) {
      const info = reader.read(pid);
      if (info && pid !== process.pid && !isDead(info) && isBelow(pid, folder)) members.set(pid, info);
    }
    // The leader may not have stepped inside yet.
    const first = leader && reader.read(leader.pid);
    if (first && first.startTicks === leader.start_ticks && !isDead(first)) members.set(first.pid, first);
    return members;
  };
  return {
    scan: async () => look(),
    terminate: async (members) => [...members.keys()].filter((pid) => signalVerified(reader, members, pid, "SIGTERM")).length,
    kill(members) {
      // A program that was itself started inside a run must not end itself with it.
      const killed =
        !pidsBelow(folder).includes(process.pid) &&
        tryWrite(join(folder, "cgroup.freeze"), "1") &&
        tryWrite(join(folder, "cgroup.kill"), "1");
      const hit = [...members.keys()].filter((pid) => signalVerified(reader, members, pid, "SIGKILL")).length;
      return killed ? members.size : hit;
    },
  };
}

/** Removes an empty cgroup and those below it. */
export function removeFolder(folder: string): void {
  for (const name of folders(folder)) removeFolder(join(folder, name));
  tryRemove(folder);
}

/** Our own cgroup if it may be written to, else for root the top of the hierarchy. */
export function cgroupRoots(): string[] {
  const mounts = textOf("/proc/self/mountinfo").split("\n");
  const mount = mounts.find((line) => line.includes(" - cgroup2 "))?.split(" ")[4];
  if (mount === undefined) return [];
  const own = /^0::(.*)$/m.exec(textOf("/proc/self/cgroup"))?.[1] ?? "/";
  const roots = [join(mount, own)];
  if (process.getuid?.() === 0 && own !== "/") roots.push(mount);
  return roots;
}

function pidsBelow(folder: string): number[] {
  const own = textOf(join(folder, "cgroup.procs")).split("\n").filter(Boolean).map(Number);
  return folders(folder).reduce((pids, name) => pids.concat(pidsBelow(join(folder, name))), own);
}

/** A pid out of the list may mean another process by now. */
function isBelow(pid: number, folder: string): boolean {
  const name = `/${basename(dirname(folder))}/${basename(folder)}/`;
  const path = /^0::(.*)$/m.exec(textOf(`/proc/${pid}/cgroup`))?.[1];
  return path !== undefined && `${path}/`.includes(name);
}

/** What a file of the kernel says; nothing where it is not there. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function folders(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch {
    return [];
  }
}

function tryWrite(path: string, text: string): boolean {
  try {
    writeFileSync(path, text);
    return true;
  } catch {
    return false;
  }
}

function tryRemove(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Not empty, or gone already.
  }
}
