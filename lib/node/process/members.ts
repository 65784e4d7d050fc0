import { isDead, type ProcessInfo } from "./identity.js";
import type { Snapshot } from "./process-table.js";

/** Live processes of one run by pid: nothing outside is ever signaled for it. */
export type Members = ReadonlyMap<number, ProcessInfo>;

/** What tells the processes of a run from all others. */
export interface Kinship {
  /** The process we started, whose pid is also the number of its session and group. */
  readonly leader?: { readonly pid: number; readonly startTicks: number };
  /** Processes seen as members before, pid to start. */
  readonly known: ReadonlyMap<number, number>;
  readonly cookie: string;
  /** True when the cookie alone proves membership, false when only inside the leader's session. */
  readonly cookieSuffices: boolean;
}

/**
 * Who of a snapshot belongs to the run: the leader, whoever was seen before, bearers of the cookie, the leader's session
 * and all their descendants. The number of a session is trusted only while someone proven otherwise lives in it, since
 * it may belong to strangers once all of ours are gone.
 */
export function membersOf(snapshot: Snapshot, kin: Kinship): Members {
  const since = kin.leader?.startTicks ?? 0;
  const candidates = snapshot.processes.filter((info) => info.startTicks >= since || kin.known.get(info.pid) === info.startTicks);
  const proven = candidates.filter((info) => isProven(info, kin, snapshot));
  const session = kin.leader?.pid;
  const trusted = session !== undefined && proven.some((info) => info.session === session || info.group === session);

  const members = new Map<number, ProcessInfo>();
  for (const info of proven) members.set(info.pid, info);
  if (trusted) {
    for (const info of candidates) if (info.session === session || info.group === session) members.set(info.pid, info);
  }
  addDescendants(members, candidates);
  for (const info of members.values()) if (isDead(info) || isOurs(info.pid)) members.delete(info.pid);
  return members;
}

function isProven(info: ProcessInfo, kin: Kinship, snapshot: Snapshot): boolean {
  if (info.pid === kin.leader?.pid) return info.startTicks === kin.leader.startTicks;
  if (kin.known.get(info.pid) === info.startTicks) return true;
  if (!kin.cookieSuffices && info.session !== kin.leader?.pid) return false;
  return !isDead(info) && snapshot.cookie(info.pid) === kin.cookie;
}

/** Adds whoever of the candidates was started by a member, or by one of those. */
export function addDescendants(members: Map<number, ProcessInfo>, candidates: readonly ProcessInfo[]): void {
  const children = Map.groupBy(candidates, (info) => info.ppid);
  const open = [...members.values()];
  for (let parent = open.pop(); parent; parent = open.pop()) {
    for (const child of children.get(parent.pid) ?? []) {
      if (members.has(child.pid) || child.startTicks < parent.startTicks) continue;
      members.set(child.pid, child);
      open.push(child);
    }
  }
}

/** A daemon that was itself started inside a run must not end itself or what started it. */
function isOurs(pid: number): boolean {
  return pid <= 1 || pid === process.pid;
}
