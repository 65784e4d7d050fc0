import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createEvent, encodeLine } from "../../../lib/events/encode.js";
import type { StreamEvent } from "../../../lib/events/event.js";
import { eventsOfLines, framesOfLines, frameText, linesOfFrames } from "../../../lib/events/frame.js";
import { StreamLog } from "../../../lib/events/stream-log.js";
import { anyText } from "../../support/any-text.js";

const eventOf = (seq: number, text: string): StreamEvent =>
  createEvent({ run_id: "R-1_1", seq, type: "assistant.message", status: "running", time: "2026-01-02T03:04:05.678Z", payload: { text } });
const texts = fc.array(fc.array(anyText({ maxLength: 60 }), { minLength: 1, maxLength: 8 }), { maxLength: 30 });

/** Everything the log holds after the cursor, as text, read in steps of the given size. */
function framesAfter(log: StreamLog, after: number, limitBytes: number): string {
  let text = "";
  for (let chunk = log.frames(after, limitBytes); chunk; chunk = log.frames(chunk.toSeq, limitBytes))
    text += new TextDecoder().decode(chunk.frames);
  return text;
}

describe("StreamLog", () => {
  it("gives the frames and events after any cursor, whatever was read before and in whatever steps", () => {
    fc.assert(
      fc.property(texts, fc.nat(240), fc.integer({ min: 1, max: 2000 }), fc.boolean(), (batches, cursor, step, peeks) => {
        const log = new StreamLog({ events: 10_000, bytes: 1 << 24 });
        const all: StreamEvent[] = [];
        for (const batch of batches) {
          const events = batch.map((text, index) => eventOf(all.length + index + 1, text));
          log.append(events);
          all.push(...events);
          if (peeks) log.frames(Math.max(0, all.length - 2), step);
        }
        const after = Math.min(cursor, all.length);
        expect(framesAfter(log, after, step)).toBe(all.slice(after).map(frameText).join(""));
        const events = log.events(after, 10_000) ?? [];
        expect(events.map(encodeLine)).toEqual(all.slice(after, after + events.length).map(encodeLine));
        expect(events.length > 0).toBe(after < all.length);
      }),
      { numRuns: 300 },
    );
  });

  it("gives events that are alike as they came, whatever they share, packed or sealed", () => {
    const alike = fc.constantFrom("", "a", "aa", "aaa", "ab", "ba", "1,2,", "+{", "\n", "\ud83d", "\ud83d\ude00", "é");
    const payload = fc.dictionary(fc.constantFrom("text", "1", "__proto__", "tex"), fc.oneof(alike, fc.nat(12)), { maxKeys: 3 });
    fc.assert(
      fc.property(fc.array(payload, { minLength: 9, maxLength: 300 }), fc.nat(300), fc.boolean(), (payloads, cursor, isSealed) => {
        const log = new StreamLog({ events: 10_000, bytes: 1 << 24 });
        const all = payloads.map((given, index) => createEvent({ seq: index + 1, type: "tool.output", time: "", payload: given }));
        for (const event of all) log.append([event]);
        if (isSealed) log.seal();
        const after = Math.min(cursor, all.length);
        const { lines } = log.lines(after, 1 << 24);
        expect(new TextDecoder().decode(lines)).toBe(
          all
            .slice(after)
            .map((event) => `${encodeLine(event)}\n`)
            .join(""),
        );
      }),
      { numRuns: 300 },
    );
  });

  it("finds the event after any cursor among many pieces", () => {
    const log = new StreamLog({ events: 10_000, bytes: 1 << 24 });
    for (let seq = 1; seq <= 1_000; seq += 1) log.append([eventOf(seq, `line ${seq}`)]);
    const firsts = Array.from({ length: 1_000 }, (_, after) => log.events(after, 1)?.[0]?.seq);
    expect(firsts).toEqual(Array.from({ length: 1_000 }, (_, after) => after + 1));
  });

  it("has each event as it came while pieces are still being packed, and goes on after a stream was sealed", () => {
    const log = new StreamLog({ events: 10_000, bytes: 1 << 24 });
    const all: string[] = [];
    for (let seq = 1; seq <= 1_000; seq += 1) {
      const event = eventOf(seq, "abcdefg".slice(seq % 7));
      log.append([event]);
      all.push(`${encodeLine(event)}\n`);
      if (seq === 150 || seq === 500) log.seal();
      const after = Math.max(0, seq - 300);
      if (seq % 10 === 0) expect(new TextDecoder().decode(log.lines(after, 1 << 24).lines)).toBe(all.slice(after).join(""));
    }
  });

  it("keeps for a reader that is just behind what it will want as frames, and the rest packed", () => {
    const log = new StreamLog({ events: 100_000, bytes: 1 << 24 });
    const append = (count: number): void => {
      for (let left = count; left > 0; left -= 1) log.append([eventOf(log.lastSeq + 1, "x".repeat(99))]);
    };
    const memoryAt = (after: number): ArrayBufferLike | undefined => log.frames(after, 1)?.frames.buffer;
    append(1_000);
    expect(memoryAt(0)).not.toBe(memoryAt(1));
    append(1_000);
    expect(memoryAt(1_500)).toBe(memoryAt(1_501));
    // Nobody comes for these.
    append(10_000);
    expect(memoryAt(11_000)).not.toBe(memoryAt(11_001));
  });

  it("lets the oldest go beyond its bounds and answers nothing for them", () => {
    const log = new StreamLog({ events: 100, bytes: 1 << 24 });
    for (let seq = 1; seq <= 2000; seq++) {
      log.append([eventOf(seq, "x".repeat(50))]);
      log.frames(seq - 1, 1);
    }
    expect(log.lastSeq).toBe(2000);
    expect(log.firstSeq).toBeGreaterThan(1000);
    expect(log.frames(0, 1000)).toBeUndefined();
    expect(log.events(log.firstSeq - 2, 10)).toBeUndefined();
    expect(framesAfter(log, log.firstSeq - 1, 65_536)).toBe(
      Array.from({ length: 2000 - log.firstSeq + 1 }, (_, i) => frameText(eventOf(log.firstSeq + i, "x".repeat(50)))).join(""),
    );
  });
});

describe("frames and lines", () => {
  it("are made of each other without parsing", () => {
    fc.assert(
      fc.property(fc.array(anyText(), { minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 99_990 }), (given, from) => {
        const events = given.map((text, index) => eventOf(from + index, text));
        const lines = new TextEncoder().encode(events.map((event) => `${encodeLine(event)}\n`).join(""));
        const frames = framesOfLines(lines, from);
        expect(new TextDecoder().decode(frames)).toBe(events.map(frameText).join(""));
        expect(linesOfFrames(frames, from)).toEqual(lines);
        expect(eventsOfLines(lines).map((event) => event.payload["text"])).toEqual(given.map((text) => text.toWellFormed()));
      }),
    );
  });
});
