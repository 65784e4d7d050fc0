import { isEvent, type RecordedProcess, type RunManager } from "../../lib/index.js";

/** The leaders of the processes that runs have now. */
export interface RunProcesses {
  has(pid: number): boolean;
  list(): readonly RecordedProcess[];
}

/** Follows the events of a manager that is not open yet. */
export function followRunProcesses(manager: RunManager): RunProcesses {
  const byRun = new Map<string, RecordedProcess>();
  manager.on("event", (event) => {
    const { run_id } = event;
    if (run_id === undefined) return;
    if (isEvent(event, "process.started")) {
      const { pid, start_ticks, boot_id } = event.payload;
      byRun.set(run_id, { run_id, pid, start_ticks, boot_id });
    } else if (isEvent(event, "process.exited")) byRun.delete(run_id);
  });
  return { has: (pid) => [...byRun.values()].some((one) => one.pid === pid), list: () => [...byRun.values()] };
}
