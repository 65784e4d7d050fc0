import { systemReader } from "../../lib/node/index.js";

/** Start times of the processes above this one, by number, nearest first. Loaded where a pane's file was found: most clients need none of it. */
export async function ancestorsOfThis(): Promise<ReadonlyMap<number, number>> {
  const reader = systemReader();
  const above = new Map<number, number>();
  for (let pid = process.ppid; pid > 0 && !above.has(pid); ) {
    const info = reader.read(pid);
    if (!info) break;
    above.set(pid, info.startTicks);
    pid = info.ppid;
  }
  return above;
}
