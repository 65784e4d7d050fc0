import { describe, expect, it } from "vitest";
import type { RunSummary } from "../../../lib/runs/schema.js";
import { isTerminal, isTerminalEvent, leavesRecord, transition } from "../../../lib/runs/transitions.js";

const queuedEvent = {
  run_id: "R-1",
  type: "run.queued",
  seq: 1,
  time: "2026-01-02T03:04:05.000Z",
  payload: {
    prompt: "x",
    profile: "craft",
    label: "",
    approval_mode: "ask",
    executor: "main",
    origin: "request",
    key: "local",
    priority: 0,
  },
};
const event = (type: string, payload: object = {}) => ({
  run_id: "R-1",
  type,
  seq: 2,
  time: "2026-01-02T03:04:06.000Z",
  payload: payload as Record<string, unknown>,
});
const queued = transition(undefined, queuedEvent);
const running = transition(queued, event("run.started"));
const waiting = transition(running, event("question.asked"));
const ended = (type: string): RunSummary => transition(running, event(type, { stop_reason: "error" }));
const records: Record<string, RunSummary> = {
  queued,
  running,
  waiting,
  completed: ended("run.completed"),
  failed: ended("run.failed"),
  canceled: ended("run.canceled"),
  interrupted: ended("run.interrupted"),
};

const types = [
  "run.queued",
  "run.started",
  "run.completed",
  "run.failed",
  "run.canceled",
  "run.interrupted",
  "run.cancel_requested",
  "run.child_started",
  "run.child_ended",
  "question.asked",
  "question.closed",
  "input.accepted",
  "input.withdrawn",
  "input.delivered",
  "system.notice",
  "assistant.message",
  "process.output",
  "some.type.of.tomorrow",
];
const kept = Object.fromEntries(types.map((type) => [type, "running"]));
/** Status after the event; what is not here is refused. */
const table: Record<string, Record<string, string>> = {
  queued: {
    "run.started": "running",
    "run.failed": "failed",
    "run.canceled": "canceled",
    "run.interrupted": "interrupted",
    "run.cancel_requested": "queued",
    "run.child_started": "queued",
    "run.child_ended": "queued",
    "input.accepted": "queued",
    "input.withdrawn": "queued",
    "system.notice": "queued",
  },
  running: {
    ...kept,
    "run.queued": "",
    "run.started": "",
    "run.completed": "completed",
    "run.failed": "failed",
    "run.canceled": "canceled",
    "run.interrupted": "interrupted",
    "question.asked": "waiting",
  },
  waiting: {
    ...Object.fromEntries(types.map((type) => [type, "waiting"])),
    "run.queued": "",
    "run.started": "",
    "run.completed": "",
    "run.failed": "",
    "run.canceled": "",
    "run.interrupted": "",
    "question.closed": "running",
  },
};

describe("transition", () => {
  const cases = Object.keys(records).flatMap((status) => types.map((type) => [status, type, table[status]?.[type] || "refused"] as const));

  it.each(cases)("from %s by %s is %s", (status, type, after) => {
    const record = records[status] as RunSummary;
    const next = (): string => transition(record, event(type, { stop_reason: "end_turn" })).status;
    if (after === "refused") expect(next).toThrow(expect.objectContaining({ code: "run_finished", details: { run_status: status } }));
    else expect(next()).toBe(after);
    expect(record).toBe(records[status]);
  });

  it.each([
    ["another type", event("run.started")],
    ["another type that is the first", { ...event("run.started"), seq: 1 }],
    ["another place", { ...queuedEvent, seq: 2 }],
  ])("begins with run.queued as the first event, never with %s", (_, first) => {
    expect(() => transition(undefined, first)).toThrow(expect.objectContaining({ code: "internal" }));
  });

  it("takes over what was asked for, each field under its own name, and nothing else", () => {
    const asked = {
      model: "m",
      max_turns: 3,
      cwd: "/c",
      session_id: "s",
      keep_open: true,
      parent_id: "R-0",
      cancel_policy: "cancel",
      tools: ["t"],
      budget: { cost_usd: 1 },
      metadata: { a: 1 },
    };
    const payload = { ...queuedEvent.payload, ...asked, surprise: 1 };
    expect(transition(undefined, { ...queuedEvent, payload })).toEqual({
      ...queuedEvent.payload,
      ...asked,
      id: "R-1",
      status: "queued",
      started_at: queuedEvent.time,
      last_seq: 1,
    });
  });

  it("notes the place of the events that change its status", () => {
    expect([queued.last_seq, running.last_seq]).toEqual([1, 2]);
  });

  it("stays waiting while another question is open", () => {
    const two = transition(waiting, event("question.asked"));
    expect(two.open_questions).toBe(2);
    const one = transition(two, event("question.closed"));
    expect([one.status, one.open_questions]).toEqual(["waiting", 1]);
    expect(transition(one, event("question.closed"))).toEqual(running);
  });

  it("answers the same record where nothing changes, so that it is not written again", () => {
    expect(transition(running, event("process.output", { text: "x" }))).toBe(running);
    expect(transition(running, event("assistant.message", { text: "x" }))).toBe(running);
    expect(transition(running, event("turn.started", { turn: "first" }))).toBe(running);
    expect(transition(queued, event("system.notice"))).toBe(queued);
  });

  it("learns the agent's model, session and turn as they are told, and keeps what it knew otherwise", () => {
    const known = transition(running, event("system.init", { active_model: "m-1", session_id: "s-1", tools: ["t"] }));
    expect(known).toEqual({ ...running, model: "m-1", session_id: "s-1" });
    expect(transition(known, event("system.init", { active_model: 7 }))).toEqual(known);
    expect(transition(known, event("session.saved", { session_id: "s-2", path: "/p" }))).toEqual({ ...known, session_id: "s-2" });
    expect(transition(known, event("turn.started", { turn: 2, session_id: "s-3" }))).toEqual({ ...known, num_turns: 2 });
  });

  it("adds each count of usage to those it knows", () => {
    const counts = {
      input_tokens: 1,
      output_tokens: 2,
      cache_read_input_tokens: 3,
      cache_creation_input_tokens: 4,
      reasoning_tokens: 5,
    };
    const first = transition(running, event("usage.updated", { ...counts, cost_usd: 0.5, surprise: 1 }));
    expect(first).toEqual({ ...running, usage: counts, cost_usd: 0.5 });
    expect(transition(first, event("usage.updated", { output_tokens: 9 }))).toEqual({ ...first, usage: { ...counts, output_tokens: 9 } });
  });

  it("takes over every field of an outcome under its own name, and nothing else", () => {
    const outcome = {
      stop_reason: "error",
      duration_ms: 1,
      result: "r",
      error: "e",
      error_code: "c",
      num_turns: 2,
      usage: { input_tokens: 1 },
      cost_usd: 0.5,
      exit_code: 0,
      signal: "SIGTERM",
      session_id: "s",
    };
    expect(transition(running, event("run.failed", { ...outcome, surprise: 1 }))).toEqual({
      ...running,
      ...outcome,
      status: "failed",
      ended_at: "2026-01-02T03:04:06.000Z",
    });
  });

  it("takes over what an outcome and the agent tell, and nothing that is unknown", () => {
    const record = transition(
      transition(running, event("usage.updated", { input_tokens: 3, output_tokens: 4, cost_usd: 0.5 })),
      event("run.failed", { stop_reason: "exit", exit_code: 0, error: "e", error_code: "exit_nonzero", forced: true }),
    );
    expect(record).toMatchObject({
      status: "failed",
      exit_code: 0,
      usage: { input_tokens: 3, output_tokens: 4 },
      cost_usd: 0.5,
      ended_at: "2026-01-02T03:04:06.000Z",
      last_seq: 2,
    });
    expect(record).not.toHaveProperty("forced");
    expect(Object.values(record)).not.toContain(undefined);
  });

  it("knows the statuses that are never left", () => {
    expect(Object.keys(records).filter(isTerminal)).toEqual(["completed", "failed", "canceled", "interrupted"]);
  });

  it("knows the events that end a run, and no inherited name among them", () => {
    expect([...types, "toString", "constructor"].filter(isTerminalEvent)).toEqual([
      "run.completed",
      "run.failed",
      "run.canceled",
      "run.interrupted",
    ]);
  });
});

describe("leavesRecord", () => {
  const telling = { active_model: "m", session_id: "s", turn: 1, input_tokens: 1 };
  const all = [...types, "system.init", "session.saved", "turn.started", "usage.updated"];

  it("is true of the events after which the record of a started run is the very same, and of no others", () => {
    for (const status of ["running", "waiting"] as const) {
      const record = records[status] as RunSummary;
      const same = (type: string): boolean => transition(record, event(type, telling)) === record;
      const bookkeeping = /^(?:run|question)\./;
      expect(all.filter((type) => leavesRecord(status, type))).toEqual(all.filter((type) => !bookkeeping.test(type) && same(type)));
    }
  });

  it("is true of nothing before a run has started and after it has ended", () => {
    for (const status of Object.keys(records) as (keyof typeof records)[]) {
      if (status === "running" || status === "waiting") continue;
      expect(all.filter((type) => leavesRecord(status as RunSummary["status"], type))).toEqual([]);
    }
  });
});
