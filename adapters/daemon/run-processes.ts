import type { RecordedProcess, RunManager, StreamEvent } from "../../lib/index.js";

/** The leaders of the processes that runs have now. */
export interface RunProcesses {
  has(pid: number): boolean;
  list(): readonly RecordedProcess[];
}

/** Follows the events of a manager that is not open yet. */
export function followRunProcesses(manager: RunManager): RunProcesses {
  const byRun = new Map<string, RecordedProcess>();
  manager.on("event", (event) => {
    if (event.run_id === undefined) return;
    if (event.type === "process.started") byRun.set(event.run_id, toRecorded(event.run_id, event.payload));
    else if (event.type === "process.exited") byRun.delete(event.run_id);
  });
  return { has: (pid) => [...byRun.values()].some((one) => one.pid === pid), list: () => [...byRun.values()] };
}

function toRecorded(run_id: string, payload: StreamEvent["payload"]): RecordedProcess {
  return { run_id, pid: Number(payload["pid"]), start_ticks: Number(payload["start_ticks"]), boot_id: String(payload["boot_id"]) };
}
