import { spawn } from "node:child_process";
import type { Containment } from "../../../lib/node/process/containment.js";
import type { ProcessIdentity, ProcessReader } from "../../../lib/node/process/identity.js";
import type { Members } from "../../../lib/node/process/members.js";
import { createProcessTable, type ProcessTable } from "../../../lib/node/process/process-table.js";
import type { Executor } from "../../../lib/runs/executor.js";
import { supportsNothing } from "../../../lib/runs/normal-request.js";

/** Takes the process it started for the whole tree. */
export function killsLeaderOnly(containment: Containment): Containment {
  return {
    ...containment,
    async level(name, hide) {
      const level = await containment.level(name, hide);
      return {
        ...level,
        enclose(runId) {
          const room = level.enclose(runId);
          return {
            ...room,
            tree(leader) {
              const tree = room.tree(leader);
              return { ...tree, scan: async () => only(leader.pid, await tree.scan()), kill: (members) => signalAll(members, "SIGKILL") };
            },
          };
        },
      };
    },
  };
}

const only = (pid: number, members: Members): Members => new Map([...members].filter(([member]) => member === pid));

function signalAll(members: Members, signal: NodeJS.Signals): number {
  for (const pid of members.keys()) process.kill(pid, signal);
  return members.size;
}

/** A process table that takes whoever has a number now for the process that was recorded under it. */
export function trustsThePid(reader: ProcessReader, recorded: readonly ProcessIdentity[]): ProcessTable {
  const ticks = new Map(recorded.map(({ pid, start_ticks }) => [pid, start_ticks]));
  const mistaken = <Info extends { pid: number; startTicks: number }>(info: Info): Info => ({
    ...info,
    startTicks: ticks.get(info.pid) ?? info.startTicks,
  });
  return createProcessTable({
    ...reader,
    list: () => reader.list().map(mistaken),
    read(pid) {
      const info = reader.read(pid);
      return info && mistaken(info);
    },
  });
}

/** Runs a command and waits until nobody holds its output any more. */
export const waitsForClose: Executor = {
  kind: "process",
  supports: supportsNothing,
  async execute({ request, signal }) {
    const [command = "", ...args] = request.argv ?? [];
    const child = spawn(command, args, { env: { ...process.env, ...request.env }, stdio: ["ignore", "pipe", "ignore"] });
    signal.addEventListener("abort", () => child.kill("SIGKILL"));
    child.stdout.resume();
    await new Promise((resolve) => child.once("close", resolve));
    return { status: "completed", stop_reason: "exit" };
  },
};
