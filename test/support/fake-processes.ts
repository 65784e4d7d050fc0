import { vi } from "vitest";
import type { ProcessInfo, ProcessReader } from "../../lib/node/process/identity.js";

/** A process of a fake system. */
export interface FakeProcess extends ProcessInfo {
  readonly cookie?: string;
  /** Numbers of the signals it has a handler for. */
  readonly catches?: readonly number[];
  /** Ends by nothing but KILL. */
  readonly deaf?: boolean;
}

/** A process table in memory that hears of every signal. Its pids lie above the highest one that Linux gives. */
export interface FakeSystem {
  readonly reader: ProcessReader;
  readonly processes: Map<number, FakeProcess>;
  /** Signals sent, in order. */
  readonly sent: (readonly [pid: number, signal: string])[];
  add(process: Partial<FakeProcess> & { readonly pid: number }): FakeProcess;
}

/** The first pid that no process of this machine can have. */
export const base = 5_000_000;

/** Puts a fake system in the place of the signals of this one; `vi.restoreAllMocks` takes it away. */
export function createFakeSystem(): FakeSystem {
  const processes = new Map<number, FakeProcess>();
  const sent: (readonly [number, string])[] = [];
  vi.spyOn(process, "kill").mockImplementation((pid, signal) => {
    const target = processes.get(pid);
    if (!target) throw Object.assign(new Error("No such process."), { code: "ESRCH" });
    sent.push([pid, String(signal)]);
    if (signal === "SIGKILL" || (signal === "SIGTERM" && !target.deaf)) processes.delete(pid);
    return true;
  });
  return {
    processes,
    sent,
    add(given) {
      const group = given.group ?? given.pid;
      const added = {
        name: "some",
        state: "S",
        ppid: 1,
        group,
        session: given.session ?? group,
        startTicks: 100,
        foreground: false,
        ...given,
      };
      processes.set(added.pid, added);
      return added;
    },
    reader: {
      seesCookies: true,
      bootId: () => "boot",
      read: (pid) => processes.get(pid),
      list: () => [...processes.values()],
      bearers: (prefix) => [...processes.values()].flatMap(({ cookie }) => (cookie?.startsWith(prefix) ? [cookie] : [])),
      cookie: (pid) => processes.get(pid)?.cookie,
      catches: (pid, signal) => processes.get(pid)?.catches?.includes(signal) ?? false,
    },
  };
}
