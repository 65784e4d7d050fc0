import { describe, expect, it } from "vitest";
import { createRunRows } from "../../../adapters/dashboard/run-rows.js";
import type { StreamEvent } from "../../../lib/events/event.js";

/** Rows of events that are numbered as they come. */
function rowsOf(...events: readonly (readonly [type: string, payload: object])[]) {
  const rows = createRunRows();
  for (const [at, [type, payload]] of events.entries()) rows.add(event(at + 1, type, payload));
  return rows;
}

const event = (seq: number, type: string, payload: object): StreamEvent => ({
  id: `evt_${seq}`,
  run_id: "R-1",
  seq,
  type,
  status: "running",
  time: "2026-01-01T00:00:00.000Z",
  payload: payload as StreamEvent["payload"],
});
const preview = (type: string, payload: object) => ({
  run_id: "R-1",
  type,
  status: "running",
  time: "",
  payload: payload as StreamEvent["payload"],
});
const seqs = ({ events }: { readonly events: readonly StreamEvent[] }): number[] => events.map(({ seq }) => seq);

describe("The rows of a run", () => {
  it("hold every event exactly once, whatever its type", () => {
    const { rows } = rowsOf(
      ["run.queued", {}],
      ["turn.started", { turn: 1 }],
      ["tool.call", { call_id: "c", name: "bash", args: { command: "true" } }],
      ["process.output", { stream: "stdout", text: "a\n" }],
      ["process.output", { stream: "stdout", text: "b\n" }],
      ["tool.result", { call_id: "c", name: "bash", ok: true, output: "done" }],
      ["of.tomorrow", { any: [1] }],
      ["turn.completed", { turn: 1, finish_reason: "stop" }],
    );
    expect(rows.flatMap(seqs).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(rows.map(({ kind, events }) => [kind, seqs({ events })])).toEqual([
      ["state", [1]],
      ["turn", [2, 8]],
      ["tool", [3, 6]],
      ["output", [4, 5]],
      ["note", [7]],
    ]);
  });

  it("tell a tool's call with its arguments, and how it went", () => {
    const { rows } = rowsOf(
      ["tool.call", { call_id: "a", name: "bash", args: { command: "x" } }],
      ["tool.call", { call_id: "b", name: "edit_file", args: {} }],
      ["tool.updated", { call_id: "b", args: { path: "f" } }],
      ["tool.result", { call_id: "a", name: "bash", ok: false, error: "exit status 1", output: { lines: 2 } }],
      ["tool.result", { call_id: "b", name: "edit_file", ok: false, denied: true, deny_reason: "no_approver" }],
      ["tool.call", { call_id: "c", name: "open" }],
    );
    expect(rows).toMatchObject([
      { title: "bash", args: { command: "x" }, outcome: "failed", text: 'exit status 1\n{\n  "lines": 2\n}' },
      { title: "edit_file", args: { path: "f" }, outcome: "denied", text: "no_approver" },
      { title: "open", outcome: "open" },
    ]);
  });

  it("let text grow by previews, and take the message for them", () => {
    const rows = createRunRows();
    rows.add(preview("assistant.delta", { message_id: "m", offset: 0, text: "Hel" }));
    rows.add(preview("assistant.delta", { message_id: "m", offset: 3, text: "lo w" }));
    expect(rows.rows).toMatchObject([{ kind: "text", title: "assistant", text: "Hello w", isGrowing: true, events: [] }]);
    // The model began again: what is behind the offset is void.
    rows.add(preview("assistant.delta", { message_id: "m", offset: 2, text: "y" }));
    expect(rows.rows[0]?.text).toBe("Hey");
    rows.add(event(1, "assistant.message", { message_id: "m", text: "Hey you" }));
    expect(rows.rows).toMatchObject([{ text: "Hey you", isGrowing: false, events: [{ seq: 1 }] }]);
  });

  it("join output of one stream, up to a size that can be drawn", () => {
    const line = `${"x".repeat(3_999)}\n`;
    const { rows } = rowsOf(
      ["process.output", { stream: "stdout", text: line }],
      ["process.output", { stream: "stdout", text: line }],
      ["process.output", { stream: "stdout", text: line }],
      ["process.output", { stream: "stderr", text: "e\n" }],
    );
    expect(rows.map(({ title, text }) => [title, text.length])).toEqual([
      ["stdout", 8_000],
      ["stdout", 4_000],
      ["stderr", 2],
    ]);
  });

  it("show a gap as a gap, and how a question ended", () => {
    const { rows } = rowsOf(
      ["system.gap", { from_seq: 3, to_seq: 9 }],
      ["question.asked", { question_id: "Q-1", prompt: "Allow?" }],
      ["question.closed", { question_id: "Q-1", outcome: "denied", decision: "deny", reason: "timed_out", by: "token:1" }],
    );
    expect(rows).toMatchObject([
      { kind: "gap", text: "Events 3 to 9 are not kept any more." },
      { kind: "question", title: "Question denied, deny (timed_out) by token:1", text: "Allow?" },
    ]);
  });

  it("take 100,000 events", () => {
    const rows = createRunRows();
    for (let seq = 1; seq <= 100_000; seq += 1) rows.add(event(seq, "assistant.message", { message_id: `m${seq}`, text: "x" }));
    expect(rows.rows).toHaveLength(100_000);
    expect(rows.version).toBe(100_000);
    rows.clear();
    expect(rows.rows).toEqual([]);
  });
});
