import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ProcessInfo } from "../../../../lib/node/process/identity.js";
import { type Kinship, membersOf } from "../../../../lib/node/process/members.js";

interface Entry extends Partial<ProcessInfo> {
  readonly pid: number;
  readonly cookie?: string;
}

const leader = { pid: 100, startTicks: 50 };
const kin: Kinship = { leader, known: new Map(), cookie: "store.R-1", cookieSuffices: true };
const known = (...entries: [number, number][]): Kinship["known"] => new Map(entries);

/** The pids of the members among these; by default strangers of a session of their own, started after the leader. */
function pids(entries: readonly Entry[], by: Partial<Kinship> = {}): number[] {
  const processes = entries.map(({ cookie: _cookie, ...entry }) => {
    const group = entry.group ?? entry.pid;
    return { name: "x", state: "S", ppid: 1, session: group, startTicks: 60, foreground: false, ...entry, group };
  });
  const cookies = new Map(entries.map(({ pid, cookie }) => [pid, cookie]));
  return [...membersOf({ processes, cookie: (pid) => cookies.get(pid) }, { ...kin, ...by }).keys()].toSorted((a, b) => a - b);
}

const ours: Entry = { pid: 100, startTicks: 50 };

describe("membersOf", () => {
  it("finds the leader, its session and group, and their descendants", () => {
    expect(
      pids([
        ours,
        { pid: 101, session: 100 },
        { pid: 102, group: 100, session: 7 },
        { pid: 103, ppid: 101 },
        { pid: 104, ppid: 103 },
        { pid: 105 },
      ]),
    ).toEqual([100, 101, 102, 103, 104]);
  });

  it("finds a bearer of the cookie anywhere, and its children, when the cookie suffices", () => {
    const escaped: Entry[] = [
      { pid: 200, cookie: "store.R-1" },
      { pid: 201, ppid: 200 },
    ];
    expect(pids(escaped)).toEqual([200, 201]);
    expect(pids(escaped, { cookieSuffices: false })).toEqual([]);
    expect(pids([{ pid: 200, cookie: "store.R-1", session: 100 }], { cookieSuffices: false })).toEqual([200]);
  });

  it.each(["store.R-10", "other.R-1", "store.R-1 ", ""])("knows the cookie %j for another's", (cookie) => {
    expect(pids([{ pid: 200, cookie }])).toEqual([]);
  });

  it("does not take a reused pid for the leader", () => {
    expect(
      pids([
        { pid: 100, startTicks: 51 },
        { pid: 101, session: 100 },
        { pid: 102, ppid: 100 },
      ]),
    ).toEqual([]);
  });

  it("trusts the number of the session only while somebody proven lives in it", () => {
    const strangers: Entry[] = [
      { pid: 101, session: 100 },
      { pid: 102, session: 100 },
    ];
    expect(pids(strangers)).toEqual([]);
    expect(pids([...strangers, { pid: 103, session: 100, cookie: "store.R-1" }])).toEqual([101, 102, 103]);
    expect(pids([...strangers, { pid: 104, group: 100, session: 3 }], { known: known([104, 60]) })).toEqual([101, 102, 104]);
  });

  it("keeps whoever was seen before, wherever it has moved, but not another one under its pid", () => {
    expect(pids([{ pid: 300, session: 300, ppid: 1 }], { known: known([300, 60]) })).toEqual([300]);
    expect(pids([{ pid: 300, startTicks: 61 }], { known: known([300, 60]) })).toEqual([]);
  });

  it("takes nobody who is older than the leader, by session, cookie or parent", () => {
    expect(
      pids([
        ours,
        { pid: 90, startTicks: 49, session: 100 },
        { pid: 91, startTicks: 49, ppid: 100 },
        { pid: 92, startTicks: 49, cookie: "store.R-1" },
      ]),
    ).toEqual([100]);
  });

  it("takes no child that is older than its parent: the parent's pid was another's then", () => {
    expect(pids([ours, { pid: 101, ppid: 100, startTicks: 70 }, { pid: 102, ppid: 101, startTicks: 65 }])).toEqual([100, 101]);
  });

  it("goes through the dead to their children, without naming the dead", () => {
    expect(
      pids([
        { ...ours, state: "Z" },
        { pid: 101, ppid: 100, state: "X" },
        { pid: 102, ppid: 101 },
        { pid: 103, session: 100 },
      ]),
    ).toEqual([102, 103]);
  });

  it("never names pid 1 or this process", () => {
    const inside: Entry[] = [
      { pid: 1, cookie: "store.R-1" },
      { pid: process.pid, cookie: "store.R-1" },
      { pid: 200, cookie: "store.R-1" },
    ];
    expect(pids(inside)).toEqual([200]);
  });

  it("finds nobody without a leader, a cookie or a memory", () => {
    const { leader: _leader, ...leaderless } = kin;
    const strangers = fc.array(
      fc.record({ pid: fc.integer({ min: 2, max: 40 }), ppid: fc.nat(40), session: fc.nat(40), startTicks: fc.nat(100) }),
    );
    fc.assert(
      fc.property(strangers, (entries) => {
        const processes = entries.map((entry) => ({ name: "x", state: "S", group: entry.session, foreground: false, ...entry }));
        expect(membersOf({ processes, cookie: () => undefined }, leaderless).size).toBe(0);
      }),
    );
  });
});
