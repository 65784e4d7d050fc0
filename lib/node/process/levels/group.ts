import type { ProcessIdentity } from "../identity.js";
import { membersOf, type Kinship, type Members } from "../members.js";
import type { ProcessTable, Snapshot } from "../process-table.js";
import { signalVerified } from "../signal-verified.js";
import type { Level, Tree } from "./level.js";

/** The cookie of a run. */
export function cookieOf(storeId: string, runId: string): string {
  return `${storeId}.${runId}`;
}

/** Levels `group` and `group+cookie`: the session of the leader and what descends from it, with or without the cookie's bearers elsewhere. */
export function createGroupLevel(table: ProcessTable, storeId: string, name: "group" | "group+cookie"): Level {
  return {
    name,
    enclose: (runId) => ({
      wrap: (argv) => argv,
      tree: (leader) => createGroupTree(table, { leader, cookie: cookieOf(storeId, runId), cookieSuffices: name === "group+cookie" }),
      release: () => {},
    }),
  };
}

/** How the members of a tree are recognized. */
export interface Roots {
  readonly leader?: ProcessIdentity;
  readonly cookie: string;
  readonly cookieSuffices: boolean;
}

/** A tree that is found by looking through the process table. */
export function createGroupTree(table: ProcessTable, roots: Roots): Tree {
  // A process seen once as a member stays one, wherever it moves and whatever it becomes.
  const known = new Map<number, number>();
  const kin: Kinship = {
    ...(roots.leader && { leader: { pid: roots.leader.pid, startTicks: roots.leader.start_ticks } }),
    known,
    cookie: roots.cookie,
    cookieSuffices: roots.cookieSuffices,
  };
  const look = (snapshot: Snapshot): Members => {
    const members = membersOf(snapshot, kin);
    for (const { pid, startTicks } of members.values()) known.set(pid, startTicks);
    return members;
  };
  const send = (members: Members, signal: NodeJS.Signals) =>
    [...members.keys()].filter((pid) => signalVerified(table.reader, members, pid, signal)).length;

  return {
    scan: async () => look(await table.shared()),
    terminate: async (members) => send(members, "SIGTERM"),
    kill(members) {
      let all = members;
      // What forks between a look and its signal is found by the next look; frozen parents fork no more.
      for (let frozen = 0, round = 0; round < 5; round += 1) {
        send(all, "SIGSTOP");
        all = look(table.read());
        if (all.size <= frozen) break;
        frozen = all.size;
      }
      return send(all, "SIGKILL");
    },
  };
}
