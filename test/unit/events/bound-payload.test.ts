import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { propertyRuns } from "../../support/property-runs.js";
import { boundPayload, cutText, surelyFits } from "../../../lib/events/bound-payload.js";
import { createEvent, encodeLine } from "../../../lib/events/encode.js";
import { roughUnits } from "../../../lib/events/rough-units.js";

const limitBytes = 4 * 1024;
/** The bytes of an event that carries the payload. */
function weigh(payload: Readonly<Record<string, unknown>>): number {
  const parts = {
    run_id: `R-${"9".repeat(19)}_1`,
    seq: 100_000,
    type: "assistant.message",
    status: "running",
    time: "2026-01-02T03:04:05.678Z",
  };
  return Buffer.byteLength(encodeLine(createEvent({ ...parts, payload })));
}

describe("boundPayload", () => {
  it("leaves what fits as it is, the very object", () => {
    for (const payload of [{}, { text: "x".repeat(2_000) }, { a: { b: ["\u0000".repeat(100)] } }])
      expect(boundPayload(payload, limitBytes)).toBe(payload);
  });

  it("cuts the longest fields, names them with their original bytes and leaves the others", () => {
    const bounded = boundPayload({ text: "é".repeat(5_000), call_id: "c1", error: "x".repeat(100) }, limitBytes);
    expect(bounded).toMatchObject({ call_id: "c1", error: "x".repeat(100), truncated: { text: 10_000 } });
    expect("é".repeat(5_000).startsWith(bounded["text"] as string)).toBe(true);
    expect(weigh(bounded)).toBeLessThanOrEqual(limitBytes);
    expect(weigh(bounded)).toBeGreaterThan(limitBytes * 0.7);
  });

  it("cuts a field that is no text as its JSON", () => {
    const args = { files: Array.from({ length: 1_000 }, (_, n) => `file-${n}`) };
    const bounded = boundPayload({ call_id: "c1", args }, limitBytes);
    expect(JSON.stringify(args).startsWith(bounded["args"] as string)).toBe(true);
    expect(bounded).toMatchObject({ call_id: "c1", truncated: { args: Buffer.byteLength(JSON.stringify(args)) } });
  });

  it("makes every payload of some fields fit, whatever is in them", () => {
    const text = fc.array(fc.constantFrom("a", "é", "\u{1f600}", "\u0000", '"', "\n", "\ud800")).map((parts) => parts.join(""));
    const long = fc.tuple(text, fc.nat(4_000)).map(([part, times]) => part.repeat(Math.ceil(times / Math.max(1, part.length))));
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom("text", "output", "error", "args", "x"), fc.oneof(long, fc.array(long, { maxLength: 3 }))),
        (payload) => {
          const bounded = boundPayload(payload, limitBytes);
          expect(weigh(bounded)).toBeLessThanOrEqual(limitBytes);
          for (const [name, value] of Object.entries(payload)) {
            const kept = bounded[name];
            if (kept !== value) expect((typeof value === "string" ? value : JSON.stringify(value)).startsWith(kept as string)).toBe(true);
          }
        },
      ),
    );
  });

  it("names no field that it did not cut", () => {
    const bounded = boundPayload({ text: "x".repeat(5_000), call_id: "c1", error: "y".repeat(100) }, limitBytes);
    expect(bounded).toMatchObject({ call_id: "c1", error: "y".repeat(100) });
    expect(bounded["truncated"]).toEqual({ text: 5_000 });
  });

  it("makes a payload of very many fields fit", () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`field-${n}`, "0123456789"]));
    expect(weigh(boundPayload(many, limitBytes))).toBeLessThanOrEqual(limitBytes);
  });
});

describe("surelyFits", () => {
  it("is true of nothing that does not fit", () => {
    const text = fc.array(fc.constantFrom("a", "\u0000", "\ud800", "漢"), { maxLength: 200 }).map((parts) => parts.join(""));
    const value = fc.oneof(
      text,
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.oneof(text, fc.double())),
      fc.dictionary(text, text),
    );
    fc.assert(
      fc.property(fc.dictionary(text, value, { maxKeys: 8 }), fc.integer({ min: 1_100, max: 8_000 }), (payload, limit) => {
        if (surelyFits(roughUnits(payload), limit)) expect(weigh(payload)).toBeLessThanOrEqual(limit);
      }),
      { numRuns: propertyRuns(150) },
    );
  });
});

describe("cutText", () => {
  it("is a start whose JSON fits, never half a character, and next to nothing shorter than it may be", () => {
    const text = fc.array(fc.constantFrom("a", "é", "\u{1f600}", "\u0001", '"')).map((parts) => parts.join(""));
    const size = (piece: string): number => Buffer.byteLength(JSON.stringify(piece));
    fc.assert(
      fc.property(text, fc.integer({ min: 2, max: 80 }), (whole, limit) => {
        const cut = cutText(whole, limit);
        expect(whole.startsWith(cut) && cut.isWellFormed() && size(cut) <= limit).toBe(true);
        if (cut !== whole) expect(size(cut)).toBeGreaterThan(limit - 12);
      }),
      { numRuns: propertyRuns(250) },
    );
  });
});
