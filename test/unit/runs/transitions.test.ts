import { describe, expect, it } from "vitest";
import type { RunSummary } from "../../../lib/runs/schema.js";
import { isTerminal, transition } from "../../../lib/runs/transitions.js";

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

  it("begins only with run.queued", () => {
    expect(() => transition(undefined, event("run.started"))).toThrow(expect.objectContaining({ code: "internal" }));
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
    expect(transition(queued, event("system.notice"))).toBe(queued);
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
});
