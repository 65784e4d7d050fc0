import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scanJson } from "../../../adapters/http/gate/byte-scan.js";
import { readJsonBody } from "../../../adapters/http/gate/json-body.js";
import { jsonBombs, jsonCorpus } from "../../fault/corpus/json.js";
import { outcome, outcomeOf } from "./fixtures.js";

const limits = { bytes: 1_048_576, depth: 32, tokens: 20_000 };
const encoder = new TextEncoder();

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const read = (body: string | Uint8Array, size = 65_536): Promise<Record<string, unknown>> =>
  readJsonBody(chunked(typeof body === "string" ? encoder.encode(body) : body, size), limits);

const corpus = [...jsonCorpus, ...jsonBombs];

describe("readJsonBody", () => {
  // The body last: a title of a megabyte helps nobody.
  it.each(corpus.map(([name, body, code]) => [name, code, body] as const))("%s: %s", async (_name, code, body) => {
    expect(await outcomeOf(() => read(body))).toBe(code);
  });

  it("gives the same whatever the chunks", async () => {
    for (const [, body, code] of corpus.filter((row) => row[1].length < 200)) {
      expect(await outcomeOf(() => read(body, 1))).toBe(code);
    }
    expect(await read(`{"a":"é\u{1f600}","b":[1,{"c":null}]}`, 1)).toEqual({ a: "é\u{1f600}", b: [1, { c: null }] });
  });

  it("looks for the forbidden key in members of every kind", async () => {
    const value = { a: null, b: "A", c: 1, d: [null, { e: true }] };
    expect(await read(JSON.stringify(value).replace('"A"', '"\\u0041"'))).toEqual(value);
  });

  it("leaves every prototype alone", async () => {
    await outcomeOf(() => read(`{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}`));
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("stops reading at the limit, whatever is still to come", async () => {
    let given = 0;
    const endless = (async function* () {
      for (;;) yield new Uint8Array(65_536).fill(++given && 0x20);
    })();
    expect(await outcomeOf(() => readJsonBody(endless, limits))).toBe("body_too_large");
    expect(given).toBe(17);
  });

  it("calls a body that breaks off malformed", async () => {
    const reset = new Error("reset");
    const broken = (async function* () {
      yield encoder.encode(`{"a":`);
      throw reset;
    })();
    await expect(readJsonBody(broken, limits)).rejects.toMatchObject({ code: "malformed_request", cause: reset });
  });
});

/** Depth and structural characters of a document, counted on its value. */
function measure(value: unknown): { depth: number; tokens: number } {
  if (typeof value !== "object" || value === null) return { depth: 0, tokens: 0 };
  const members = Object.values(value).map(measure);
  const separators = Math.max(0, members.length - 1) + (Array.isArray(value) ? 0 : members.length);
  return {
    depth: 1 + Math.max(0, ...members.map(({ depth }) => depth)),
    tokens: 2 + separators + members.reduce((sum, { tokens }) => sum + tokens, 0),
  };
}

describe("scanJson", () => {
  it("passes a document, as it is, when its depth and its structural characters are within the limits, else never", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.nat(5), fc.nat(40), (value, depth, tokens) => {
        const text = JSON.stringify(value);
        const is = measure(value);
        const fits = is.depth <= depth && is.tokens <= tokens;
        expect(outcome(() => scanJson(encoder.encode(text), { depth, tokens }))).toBe(fits ? "passes" : "invalid_json");
        expect(scanJson(encoder.encode(text), is)).toBe(text);
      }),
    );
  });

  it("gives no text that is not in the bytes", () => {
    expect(outcome(() => scanJson(new Uint8Array([0x7b, 0xff, 0x7d]), limits))).toBe("invalid_json");
  });

  it.each(["\u2eff", "\uf03f", "\ufec0"])("takes %j, which begins like a byte order mark or ends like one, for no such mark", (text) => {
    expect(scanJson(encoder.encode(text), limits)).toBe(text);
  });
});
