import { createParser } from "eventsource-parser";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSseParser, readSse, type SseMessage } from "../../../adapters/client/sse-reader.js";
import { bytes } from "./fixtures.js";

const encoder = new TextEncoder();

function parseAll(chunks: readonly Uint8Array[]): SseMessage[] {
  const parse = createSseParser();
  return chunks.flatMap((chunk) => parse(chunk));
}

/** The bytes in pieces that end at the given places. */
function cut(whole: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [...new Set(places.map((place) => place % (whole.length + 1)))].sort((a, b) => a - b);
  const ends = [...sorted, whole.length];
  return ends.map((end, index) => whole.subarray(ends[index - 1] ?? 0, end));
}

/** What another parser of the same format makes of the text: blocks with data, and the ids of all blocks. */
function reference(text: string): { events: SseMessage[]; ids: string[] } {
  const events: SseMessage[] = [];
  const ids: string[] = [];
  const parser = createParser({
    onEvent: ({ id, data }) => events.push({ ...(id !== undefined && { id }), data }),
    onId: (id) => ids.push(id),
  });
  parser.feed(text);
  return { events, ids };
}

// Beside the format's own words, texts that look like them, characters of one to four bytes, and a mark in the middle.
const piece = fc.constantFrom(
  "data",
  "id",
  "event",
  "retry",
  ":",
  ": ",
  " ",
  "\r",
  "\n",
  "\r\n",
  "\n\n",
  "7",
  "\u0000",
  "x",
  "é",
  "€",
  "😀",
  "\ufeff",
  "data: {}\n\n",
);
const streamText = fc
  .tuple(fc.boolean(), fc.array(piece, { maxLength: 60 }))
  .map(([mark, pieces]) => (mark ? "\ufeff" : "") + pieces.join(""));

describe("the parser of event streams", () => {
  it("reads the same as another parser, wherever the bytes are cut", () => {
    fc.assert(
      fc.property(streamText, fc.array(fc.nat(), { maxLength: 12 }), (text, places) => {
        // A closing line makes both see every block: the other parser waits for what follows a last CR.
        const whole = `${text}\n`;
        const messages = parseAll(cut(encoder.encode(whole), places));
        const expected = reference(whole);
        expect(messages.filter(({ data }) => data !== undefined)).toEqual(expected.events);
        expect(messages.flatMap(({ id }) => id ?? [])).toEqual(expected.ids);
      }),
      { numRuns: 2_000 },
    );
  });

  it("reads frames cut into single bytes", () => {
    const whole = encoder.encode('\ufeffretry: 1000\r\n\r\n: ping\r\n\r\nid: 7\r\ndata: {"a":"é😀"}\r\n\r\nid: 8\r\r');
    expect(parseAll(Array.from(whole, (byte) => Uint8Array.of(byte)))).toEqual([{ id: "7", data: '{"a":"é😀"}' }, { id: "8" }]);
  });

  it.each([
    ["an end without a blank line", "id: 7\ndata: {}\n", []],
    ["lines that belong together", "data: a\ndata: b\n\n", [{ data: "a\nb" }]],
    ["one space after the colon only", "data:  a\n\n", [{ data: " a" }]],
    ["a field without a colon", "data\n\n", [{ data: "" }]],
    ["an id without data", "id: 9\n\n", [{ id: "9" }]],
    ["an id with U+0000", "id: 9\u0000\ndata: a\n\n", [{ data: "a" }]],
    ["comments and unknown fields", ": ping\n\nevent: x\nretry: 5\nfoo: bar\n\n", []],
  ])("knows %s", (_, text, messages) => {
    expect(parseAll([encoder.encode(text)])).toEqual(messages);
  });

  it("refuses a line that never ends", () => {
    const parse = createSseParser();
    const chunk = new Uint8Array(1024 * 1024).fill(120);
    const feed = (): void => {
      for (let size = 0; size <= 16; size += 1) parse(chunk);
    };
    expect(feed).toThrow(expect.objectContaining({ code: "protocol_error" }));
  });

  it("frees the body when the reader leaves", async () => {
    let freed = false;
    async function* body(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield* bytes("id: 1\ndata: {}\n\n");
      } finally {
        freed = true;
      }
    }
    for await (const message of readSse(body())) {
      expect(message).toEqual({ id: "1", data: "{}" });
      break;
    }
    expect(freed).toBe(true);
  });
});
