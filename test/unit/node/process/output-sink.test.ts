import { describe, expect, it } from "vitest";
import { createEventSink, createTextSink, type OutputSink } from "../../../../lib/node/process/output-sink.js";
import { createTail } from "../../../../lib/node/process/tail.js";

const tail = () => createTail(1_000);
const push = (sink: OutputSink, text: string | Buffer) => sink.push(Buffer.from(text));
const line = (value: unknown): string => `${JSON.stringify(value)}\n`;

describe("createTextSink", () => {
  const make = (part: object = {}) => {
    const kept = tail();
    return { kept, sink: createTextSink({ stream: "stdout", tail: kept, flushBytes: 1_000, eventBytes: 8_192, ...part }) };
  };

  it("makes events of its stream, partial where no line has ended", () => {
    const { sink, kept } = make();
    push(sink, "one\ntwo");
    expect(sink.waiting).toBe(true);
    expect(sink.flush()).toEqual([{ type: "process.output", payload: { stream: "stdout", text: "one\n" } }]);
    expect(sink.end()).toEqual([{ type: "process.output", payload: { stream: "stdout", text: "two", partial: true } }]);
    expect([sink.waiting, kept.text()]).toEqual([false, "one\ntwo"]);
  });

  it("keeps a terminal's carriage returns, and drops a pipe's", () => {
    const texts = (stream: "tty" | "stderr") => {
      const { sink } = make({ stream });
      push(sink, "a\r\n");
      return sink.flush().map(({ payload }) => payload);
    };
    expect(texts("tty")).toEqual([{ stream: "tty", text: "a\r\n" }]);
    expect(texts("stderr")).toEqual([{ stream: "stderr", text: "a\n" }]);
  });

  it("makes events that fit the log with their envelope", () => {
    const { sink } = make({ flushBytes: 64 * 1024, eventBytes: 2_048 });
    const events = [...push(sink, `${"\u0001".repeat(5_000)}\n`), ...sink.end()];
    expect(events.length).toBeGreaterThan(10);
    for (const event of events) expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(2_048);
  });

  it("counts what it replaced", () => {
    const { sink } = make();
    push(sink, Buffer.from([0x61, 0xff, 0xfe, 0x0a]));
    expect(sink.replaced).toBe(2);
  });
});

describe("createEventSink", () => {
  const make = (eventBytes = 8_192) => createEventSink({ stream: "stdout", tail: tail(), flushBytes: 1_000, eventBytes });
  const raw = (data: string) => ({ type: "agent.raw", payload: { source: "stdout", data } });

  it("makes the event that a line describes, at once, wherever it is cut", () => {
    const sink = make();
    const text = line({ type: "tool.call", payload: { call_id: "c1" } });
    expect(push(sink, text.slice(0, 9))).toEqual([]);
    expect(push(sink, text.slice(9))).toEqual([{ type: "tool.call", payload: { call_id: "c1" } }]);
    expect([sink.waiting, sink.flush(), sink.end()]).toEqual([false, [], []]);
  });

  it.each([
    ["no JSON", "hello"],
    ["no object", "5"],
    ["null", "null"],
    ["a list", "[]"],
    ["no type", '{"payload":{}}'],
    ["a type that is no text", '{"type":1,"payload":{}}'],
    ["a type of odd form", '{"type":"a b","payload":{}}'],
    ["an endless type", JSON.stringify({ type: "x".repeat(129), payload: {} })],
    ["no payload", '{"type":"a"}'],
    ["a payload that is a list", '{"type":"a","payload":[]}'],
    ["a payload that is null", '{"type":"a","payload":null}'],
    ["an empty line", ""],
    ...["run.completed", "question.asked", "input.accepted", "budget.warning", "system.gap"].map((type) => [
      `the manager's type ${type}`,
      JSON.stringify({ type, payload: {} }),
    ]),
  ])("takes a line with %s as it is", (_, text = "") => {
    expect(push(make(), `${text}\n`)).toEqual([raw(text)]);
  });

  it("takes the last line without its end, and lets none grow without end", () => {
    const sink = make(2_000);
    push(sink, '{"type":"a","payload":{}}');
    expect(sink.end()).toEqual([{ type: "a", payload: {} }]);
    const long = make(2_000);
    const pieces = push(long, "x".repeat(2_001));
    expect(pieces.map(({ payload }) => (payload as { data: string }).data).join("")).toBe("x".repeat(2_001));
    for (const piece of pieces) expect(JSON.stringify(piece).length).toBeLessThan(2_000);
    expect(push(long, "\nnext\n")).toEqual([raw(""), raw("next")]);
  });
});
