import { describe, expect, it } from "vitest";
import { createOutput } from "../../../adapters/cli/output.js";
import { progressAfter, progressLine } from "../../../adapters/cli/progress.js";
import { createTranscript } from "../../../adapters/cli/transcript.js";
import type { StreamEvent } from "../../../lib/events/event.js";

const event = (type: string, payload: Record<string, unknown> = {}): StreamEvent => ({
  id: "evt_1",
  run_id: "R-1",
  seq: 1,
  type,
  status: "running",
  time: "2026-01-01T00:00:00.000Z",
  payload,
});

function told(...events: StreamEvent[]): { stdout: string; stderr: string } {
  return toldWith(undefined, ...events);
}

function toldWith(asked: Parameters<typeof createTranscript>[1], ...events: StreamEvent[]): { stdout: string; stderr: string } {
  const written = { stdout: "", stderr: "" };
  const sink = (name: "stdout" | "stderr") => ({ write: (text: string) => void (written[name] += text), on: () => undefined });
  const tell = createTranscript(createOutput({ stdout: sink("stdout"), stderr: sink("stderr") }), asked);
  for (const one of events) tell(one);
  return written;
}

describe("createTranscript", () => {
  it("puts what the work says on stdout", () => {
    const { stdout, stderr } = told(
      event("assistant.message", { text: "Looking." }),
      event("process.output", { stream: "stdout", text: "a\n" }),
      event("process.output", { stream: "tty", text: "b\r\n" }),
    );
    expect([stdout, stderr]).toEqual(["Looking.\na\nb\n", ""]);
  });

  it("says what a check found, and names the thread to go on with", () => {
    const { stdout, stderr } = told(
      event("check.completed", { name: "names", severity: "error", findings: "x.ts:1" }),
      event("session.saved", { session_id: "T-1" }),
      event("session.saved", { session_id: "T-1", archived: true }),
    );
    expect([stdout, stderr]).toEqual(["[error] names: x.ts:1\n", "anode: thread T-1\nanode: thread T-1, archived\n"]);
  });

  it("puts a child's stderr on stderr, without a name before it", () => {
    expect(told(event("process.output", { stream: "stderr", text: "warning\n" }))).toEqual({ stdout: "", stderr: "warning\n" });
  });

  it("tells of a question where nobody puts it to a person", () => {
    const asked = event("question.asked", { run_id: "R-1", question_id: "Q-1", prompt: "Allow ls?" });
    const heard: unknown[] = [];
    expect(toldWith((question) => void heard.push(question.question_id), asked).stderr).toBe("anode: R-1 asks: Allow ls?\n");
    expect([told(asked).stderr, heard]).toEqual(["", ["Q-1"]]);
  });

  it("tells of tools, notices, questions and gaps on stderr", () => {
    const { stdout, stderr } = told(
      event("tool.call", { name: "bash", args: { command: "ls" } }),
      event("tool.result", { name: "bash", ok: true, output: "x" }),
      event("tool.result", { name: "bash", ok: false, error: "no such folder" }),
      event("tool.result", { name: "bash", ok: false, denied: true, deny_reason: "not on a Friday" }),
      event("system.notice", { level: "warning", code: "slow", text: "takes long" }),
      event("question.closed", { question_id: "Q-1", outcome: "denied", decision: "deny", reason: "timed_out" }),
      event("system.gap", { from_seq: 1, to_seq: 40 }),
    );
    expect(stdout).toBe("");
    expect(stderr.split("\n")).toEqual([
      'anode: bash {"command":"ls"}',
      "anode: bash failed: no such folder",
      "anode: bash denied: not on a Friday",
      "anode: warning slow: takes long",
      "anode: Q-1 denied, deny, timed_out",
      "anode: events 1 to 40 are no longer kept",
      "",
    ]);
  });

  it("prints the result of work that never spoke, and only of such", () => {
    const completed = event("run.completed", { stop_reason: "end_turn", duration_ms: 1234, result: "42" });
    expect(told(completed)).toEqual({ stdout: "42\n", stderr: "anode: completed (end_turn, 1.2 s)\n" });
    expect(told(event("assistant.message", { text: "42" }), completed).stdout).toBe("42\n");
  });

  it("says why a run failed, on lines of its own", () => {
    const { stderr } = told(event("run.failed", { stop_reason: "exit", error: "left with 2\nboom" }));
    expect(stderr).toBe("anode: failed (exit)\nanode: left with 2\nanode: boom\n");
  });

  it("lets no type pass for a name that objects have anyway", () => {
    expect(told(event("constructor"), event("unknown.type"))).toEqual({ stdout: "", stderr: "" });
  });
});

describe("progressLine", () => {
  it("says what is known, and nothing of what is not", () => {
    expect(progressLine({}, 0)).toBe("connecting · 0 s");
    const events = [
      event("run.queued", { profile: "craft" }),
      event("turn.started", { turn: 2 }),
      event("usage.updated", { input_tokens: 100, output_tokens: 20 }),
      event("tool.call", { name: "bash" }),
    ];
    const state = events.reduce<Record<string, unknown>>(progressAfter, {});
    expect(progressLine(state, 61_500)).toBe("running · craft · turn 2 · 61 s · 120 tokens · bash");
    expect(progressLine(progressAfter(state, event("tool.result")), 0)).toBe("running · craft · turn 2 · 0 s · 120 tokens");
  });
});
