import { describe, expect, it } from "vitest";
import { readJsonBody } from "../../../adapters/http/gate/json-body.js";
import { outcomeOf } from "./fixtures.js";

const limits = { bytes: 1_048_576, depth: 32, tokens: 20_000 };
const encoder = new TextEncoder();

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const read = (body: string | Uint8Array, size = 65_536): Promise<Record<string, unknown>> =>
  readJsonBody(chunked(typeof body === "string" ? encoder.encode(body) : body, size), limits);

const nested = (depth: number): string => `{"a":`.repeat(depth - 1) + "{}" + "}".repeat(depth - 1);
const keys = (count: number): string => `{${Array.from({ length: count }, (_, i) => `"k${i}":0`).join(",")}}`;
const bytesOf = (...bytes: number[]): Uint8Array => new Uint8Array(bytes);
const utf16 = (text: string): Uint8Array => new Uint8Array(Uint16Array.from(text, (unit) => unit.charCodeAt(0)).buffer);

const corpus: readonly (readonly [name: string, body: string | Uint8Array, code: string])[] = [
  ["no bytes", "", "passes"],
  ["an empty object", "{}", "passes"],
  ["white space around", " \r\n\t{} \n", "passes"],
  ["depth 32", nested(32), "passes"],
  ["9,999 keys", keys(9_999), "passes"],
  ["braces inside a string", `{"a":"${"[".repeat(30_000)}"}`, "passes"],
  ["an escaped quote before braces", `{"a":"\\"${"{".repeat(100)}"}`, "passes"],
  ["an escaped backslash before the quote", `{"a":"\\\\","b":1}`, "passes"],
  ["a text that spells the forbidden key", `{"a":"__proto__"}`, "passes"],
  ["a lone surrogate in an escape", `{"a":"\\ud800"}`, "passes"],
  ["the key constructor", `{"constructor":{"prototype":{}}}`, "passes"],
  ["one text of nearly 1 MiB", `{"a":"${"x".repeat(1_048_568)}"}`, "passes"],
  ["one byte over 1 MiB", `{"a":"${"x".repeat(1_048_569)}"}`, "body_too_large"],
  ["depth 33", nested(33), "invalid_json"],
  ["depth 1,000", nested(1_000), "invalid_json"],
  ["depth 100,000", nested(100_000), "invalid_json"],
  ["half a million open brackets", "[".repeat(500_000), "invalid_json"],
  ["a million open brackets in a member", `{"a":${"[".repeat(1_000_000)}`, "invalid_json"],
  ["33 open brackets after a text", `{"a":"]","b":${"[".repeat(33)}`, "invalid_json"],
  ["10,001 keys", keys(10_001), "invalid_json"],
  ["80,000 keys", keys(80_000), "invalid_json"],
  ["30,000 commas", `{"a":[${"0,".repeat(30_000)}0]}`, "invalid_json"],
  ["a list", "[]", "invalid_json"],
  ["a list of objects", "[{}]", "invalid_json"],
  ["null", "null", "invalid_json"],
  ["a text", `"a"`, "invalid_json"],
  ["a number", "1", "invalid_json"],
  ["true", "true", "invalid_json"],
  ["white space alone", "  ", "invalid_json"],
  ["two documents", "{}{}", "invalid_json"],
  ["a trailing letter", "{}x", "invalid_json"],
  ["a trailing comma", `{"a":1,}`, "invalid_json"],
  ["single quotes", "{'a':1}", "invalid_json"],
  ["a bare name", "{a:1}", "invalid_json"],
  ["a comment", "{}//x", "invalid_json"],
  ["NaN", `{"a":NaN}`, "invalid_json"],
  ["a leading zero", `{"a":01}`, "invalid_json"],
  ["a hexadecimal number", `{"a":0x1}`, "invalid_json"],
  ["an open text", `{"a":"b`, "invalid_json"],
  ["an open object", `{"a":1`, "invalid_json"],
  ["a backslash at the end", `{"a":"\\`, "invalid_json"],
  ["a raw newline in a text", `{"a":"\n"}`, "invalid_json"],
  ["a raw zero byte", `{"a":"\u0000"}`, "invalid_json"],
  ["an unknown escape", `{"a":"\\x41"}`, "invalid_json"],
  ["form data", "prompt=x&a=b", "invalid_json"],
  ["a byte order mark", bytesOf(0xef, 0xbb, 0xbf, 0x7b, 0x7d), "invalid_json"],
  ["UTF-16", utf16(`{"a":1}`), "invalid_json"],
  ["UTF-16 with its mark", bytesOf(0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00), "invalid_json"],
  ["a stray continuation byte", bytesOf(0x7b, 0x22, 0x80, 0x22, 0x3a, 0x31, 0x7d), "invalid_json"],
  ["an overlong form", bytesOf(0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d), "invalid_json"],
  ["a surrogate in UTF-8", bytesOf(0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d), "invalid_json"],
  ["a cut sequence", bytesOf(0x7b, 0x22, 0xe2, 0x82), "invalid_json"],
  ["the key __proto__", `{"__proto__":{"admin":true}}`, "invalid_json"],
  ["the key __proto__ of null", `{"__proto__":null}`, "invalid_json"],
  ["the key __proto__ below", `{"a":{"b":{"__proto__":1}}}`, "invalid_json"],
  ["the key __proto__ in a list", `{"a":[[{"__proto__":1}]]}`, "invalid_json"],
  ["the key __proto__ in escapes", `{"\\u005f\\u005fproto\\u005f_":1}`, "invalid_json"],
  ["the key __proto__ in escapes of capitals", `{"\\u005F_pro\\u0074o__":1}`, "invalid_json"],
  ["the key __proto__ after a harmless one", `{"a":1,"__proto__":{}}`, "invalid_json"],
  ["the key __proto__ twice", `{"__proto__":1,"__proto__":2}`, "invalid_json"],
];

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
