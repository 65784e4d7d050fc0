import { describe, expect, it } from "vitest";
import { readJsonBody } from "../../../adapters/http/gate/json-body.js";
import { jsonBombs, jsonCorpus } from "../../fault/corpus/json.js";
import { outcomeOf } from "./fixtures.js";

const limits = { bytes: 1_048_576, depth: 32, tokens: 20_000 };
const encoder = new TextEncoder();

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const read = (body: string | Uint8Array, size = 65_536): Promise<Record<string, unknown>> =>
  readJsonBody(chunked(typeof body === "string" ? encoder.encode(body) : body, size), limits);

const corpus = [...jsonCorpus, ...jsonBombs];

describe("readJsonBody", () => {
  it.each(corpus)("%s: %s", async (_name, body, code) => {
    expect(await outcomeOf(() => read(body))).toBe(code);
  });

  it("gives the same whatever the chunks", async () => {
    for (const [, body, code] of corpus.filter((row) => row[1].length < 200)) {
      expect(await outcomeOf(() => read(body, 1))).toBe(code);
    }
    expect(await read(`{"a":"é\u{1f600}","b":[1,{"c":null}]}`, 1)).toEqual({ a: "é\u{1f600}", b: [1, { c: null }] });
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
    const broken = (async function* () {
      yield encoder.encode(`{"a":`);
      throw new Error("reset");
    })();
    expect(await outcomeOf(() => readJsonBody(broken, limits))).toBe("malformed_request");
  });
});
