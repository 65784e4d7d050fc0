import fc from "fast-check";
import { createParser } from "eventsource-parser";
import { describe, expect, it } from "vitest";
import { createEvent, encodeLine, encodePayload } from "../../../lib/events/encode.js";
import type { StreamEvent } from "../../../lib/events/event.js";
import {
  eventsOfLines,
  framesOfLines,
  frameText,
  heartbeatFrame,
  heartbeatLine,
  lineBytes,
  linesOfFrames,
  previewFrame,
  streamOpening,
} from "../../../lib/events/frame.js";
import { anyText } from "../../support/any-text.js";
import { propertyRuns } from "../../support/property-runs.js";

const time = "2026-01-02T03:04:05.678Z";
const hostile = [
  "\r\n",
  "\n\n",
  "\u2028",
  "\u2029",
  "\ufeff",
  "data: ",
  "id: 9\n",
  '"',
  "\\",
  "\\ud800",
  "\u0000",
  "\u0085",
  "\u{1f600}",
  "é",
];
const text = fc.array(fc.oneof(fc.constantFrom(...hostile), anyText({ maxLength: 5 }))).map((parts) => parts.join(""));
// The JSON.parse of Node.js 24 takes a name with an escape for a shorter one that it has met at that place: such names are not to be had back.
const name = text.filter((name) => JSON.stringify(name) === `"${name}"`);
const payload = fc.dictionary(name, fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null), fc.array(text)), { maxKeys: 4 });
const events = fc
  .array(payload, { minLength: 1, maxLength: 6 })
  .chain((payloads) =>
    fc
      .nat(2_000)
      .map((before) =>
        payloads.map((content, index) =>
          createEvent({ run_id: "R-1", seq: before + index + 1, type: "note", status: "running", time, payload: content }),
        ),
      ),
  );
const plain = (event: StreamEvent): unknown => ({ ...event });

/** What an independent parser of event streams reads. */
function readSse(bytes: Uint8Array): { id: string | undefined; data: string }[] {
  const read: { id: string | undefined; data: string }[] = [];
  const parser = createParser({ onEvent: ({ id, data }) => read.push({ id, data }) });
  parser.feed(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
  return read;
}

describe("an event", () => {
  it("is one line of JSON with its fields in their order, absent ones left out", () => {
    const event = createEvent({ seq: 7, type: "x", time, payload: { a: 1 } });
    expect(encodeLine(event)).toBe(`{"id":"evt_7","seq":7,"type":"x","time":"${time}","payload":{"a":1}}`);
    const full = createEvent({ run_id: "R-1", peer_id: "P-1", seq: 7, type: "x", status: "running", time, payload: {} });
    expect(Object.keys(JSON.parse(encodeLine(full)))).toEqual(["id", "run_id", "peer_id", "seq", "type", "status", "time", "payload"]);
  });

  it("keeps the bytes of its first encoding", () => {
    const content: Record<string, unknown> = { text: "before" };
    const event = createEvent({ seq: 1, type: "x", time, payload: content });
    const line = encodeLine(event);
    content["text"] = "after";
    expect(encodeLine(event)).toBe(line);
  });

  it("carries any text unchanged through its line and its frame", () => {
    fc.assert(
      fc.property(events, (list) => {
        const lines = new TextEncoder().encode(list.map((event) => `${encodeLine(event)}\n`).join(""));
        expect(eventsOfLines(lines)).toEqual(list.map(plain));
        const frames = framesOfLines(lines, list[0]?.seq ?? 1);
        expect(new TextDecoder("utf-8", { ignoreBOM: true }).decode(frames)).toBe(list.map(frameText).join(""));
        expect(linesOfFrames(frames, list[0]?.seq ?? 1)).toEqual(lines);
        const read = readSse(frames);
        expect(read.map(({ id }) => Number(id))).toEqual(list.map(({ seq }) => seq));
        expect(read.map(({ data }) => JSON.parse(data))).toEqual(list.map(plain));
      }),
      { numRuns: propertyRuns(150) },
    );
  });
});

describe("what is in a stream beside its events", () => {
  it("is read as a wait, a comment and a message without an id, so that a reader's cursor stays", () => {
    const read: unknown[] = [];
    const parser = createParser({
      onRetry: (ms) => read.push({ ms }),
      onComment: (comment) => read.push({ comment }),
      onEvent: ({ id, data }) => read.push({ id, data: JSON.parse(data) }),
    });
    const preview = { type: "text", payload: { text: "a\r\n\u2028b" } };
    const parts = [streamOpening, new TextEncoder().encode(frameText(createEvent({ seq: 3, type: "x", time, payload: {} })))];
    for (const part of [...parts, heartbeatFrame, previewFrame(preview)]) parser.feed(new TextDecoder().decode(part));
    expect(read).toEqual([{ ms: 1000 }, { id: "3", data: expect.anything() }, { comment: "ping" }, { id: undefined, data: preview }]);
  });

  it("is a line of its own as NDJSON, an empty one for the heartbeat", () => {
    const value = { text: "a\nb" };
    const text = [lineBytes(value), heartbeatLine, lineBytes(value)].map((bytes) => new TextDecoder().decode(bytes)).join("");
    expect(text).toBe(`${JSON.stringify(value)}\n\n${JSON.stringify(value)}\n`);
  });
});

describe("lines and frames that were cut", () => {
  it("come to an end, after what is whole", () => {
    const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
    const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
    expect(decode(framesOfLines(encode('{"seq":1}\n{"seq":2'), 1))).toMatch(/^id: 1\ndata: {"seq":1}\n\nid: 2\n/);
    expect(decode(linesOfFrames(encode('id: 1\ndata: {"seq":1}\n\nid: 2\ndata: {"se'), 1))).toMatch(/^{"seq":1}\n/);
  });
});

describe("encodePayload", () => {
  it("replaces lone surrogates, in values and names, and nothing else", () => {
    const odd = { "\ud800": "a\udc00b", list: ["\ud83d\ude00", { deep: "\ud83d" }], text: "\\ud800" };
    expect(JSON.parse(encodePayload(odd))).toEqual({ "\ufffd": "a\ufffdb", list: ["\u{1f600}", { deep: "\ufffd" }], text: "\\ud800" });
  });
});
