import { describe, expect, it } from "vitest";
import { type Evidence, judge } from "../../../lib/peers/evidence.js";
import { nextState, type PeerEvent, type PeerState } from "../../../lib/peers/transitions.js";

const nothing: Evidence = {
  inProcess: false,
  socket: false,
  process: "unavailable",
  pane: "unavailable",
  paneGone: false,
  contact: false,
};
const agent = { role: "agent" } as const;

/** The table of evidence, row by row, and what must not be read into it. */
const rows: readonly (readonly [name: string, evidence: Partial<Evidence>, verdict: string])[] = [
  ["a function in the process, whatever else", { inProcess: true, process: "fail", pane: "fail" }, "live"],
  ["a run that goes on", { run: "live" }, "live"],
  ["a run that is over, with a socket", { run: "over", socket: true }, "retire run_ended"],
  [
    "process and pane both gone, with a socket: a hook can outlive its agent",
    { process: "fail", pane: "fail", socket: true },
    "retire agent_exited",
  ],
  ["a pane that is gone for long, with a socket", { paneGone: true, socket: true }, "retire pane_missing"],
  ["a process gone and no word of the pane", { process: "fail" }, "offline agent_exited"],
  ["the same with a socket", { process: "fail", socket: true }, "live"],
  ["the same beside a living pane", { process: "fail", pane: "ok" }, "live"],
  ["a socket alone", { socket: true }, "live"],
  ["a process alone", { process: "ok" }, "live"],
  ["a pane alone", { pane: "ok" }, "live"],
  ["a call lately", { contact: true }, "live"],
  ["a pane looked for in vain once, and a call lately", { pane: "fail", contact: true }, "live"],
  ["nothing", {}, "offline no_evidence"],
  ["looks that told nothing", { process: "unavailable", pane: "unavailable" }, "offline no_evidence"],
];

describe("Evidence", () => {
  it.for(rows)("of %s: %j is %s", ([, evidence, verdict]) => {
    const found = judge(agent, { ...nothing, ...evidence });
    expect(found.type === "live" ? "live" : `${found.type} ${found.reason}`).toBe(verdict);
  });

  it("is not asked of a person", () => {
    expect(judge({ role: "human" }, nothing)).toEqual({ type: "live" });
  });
});

const online: PeerState = { status: "online", turn_state: "idle" };
const busy: PeerState = { status: "busy", turn_state: "working" };
const dialog: PeerState = { status: "busy", turn_state: "awaiting_input" };
const offline: PeerState = { status: "offline", status_reason: "no_evidence" };

const moves: readonly (readonly [PeerState, PeerEvent, PeerState])[] = [
  [online, { type: "working" }, busy],
  [offline, { type: "working" }, busy],
  [busy, { type: "finished" }, online],
  [dialog, { type: "finished" }, online],
  [busy, { type: "dialog" }, dialog],
  [offline, { type: "dialog" }, offline],
  [busy, { type: "composer_idle" }, online],
  [dialog, { type: "composer_idle" }, dialog],
  [{ status: "online" }, { type: "launched" }, { status: "online", turn_state: "pending_first_turn" }],
  [busy, { type: "stale" }, { status: "online", status_reason: "stale_busy" }],
  [busy, { type: "absent", reason: "agent_exited" }, { status: "offline", status_reason: "agent_exited" }],
  [offline, { type: "seen" }, { status: "online" }],
  [busy, { type: "seen" }, busy],
  [online, { type: "report", status: "busy" }, { status: "busy", turn_state: "idle" }],
  [online, { type: "report", turn_state: "awaiting_input" }, { status: "online", turn_state: "awaiting_input" }],
  [offline, { type: "report", turn_state: "idle" }, online],
];

describe("What happens to a peer", () => {
  it.for(moves)("%j, then %j: %j", ([before, event, after]) => {
    expect(nextState(before, event)).toEqual(after);
  });

  it("leaves the very same state when nothing changes", () => {
    expect(nextState(busy, { type: "working" })).toBe(busy);
    expect(nextState(online, { type: "finished" })).toBe(online);
  });
});
