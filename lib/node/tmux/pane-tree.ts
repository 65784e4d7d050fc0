import type { PaneProcess } from "../../index.js";
import { isDead, type ProcessInfo, type ProcessReader } from "../process/identity.js";
import { addDescendants } from "../process/members.js";

/** The live process with this pid and all below it, the first one first; `undefined` when it is not in the table. */
export function treeOf(reader: ProcessReader, pid: number): readonly PaneProcess[] | undefined {
  const processes = reader.list().filter((info) => !isDead(info));
  const first = processes.find((info) => info.pid === pid);
  if (!first) return undefined;
  const members = new Map([[pid, first]]);
  addDescendants(members, processes);
  return [...members.values()].map(toPaneProcess);
}

function toPaneProcess({ pid, ppid, name, startTicks, foreground }: ProcessInfo): PaneProcess {
  return { pid, ppid, name, started: startTicks, foreground };
}
