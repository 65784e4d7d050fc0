import { describe, expect, it } from "vitest";
import { readInputLines } from "../../../adapters/cli/input-lines.js";

async function read(...chunks: (string | Uint8Array)[]): Promise<string[]> {
  const texts: string[] = [];
  for await (const text of readInputLines(streamOf(chunks))) texts.push(text);
  return texts;
}

async function* streamOf(chunks: readonly (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  yield* chunks;
}

const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
const message = (...content: unknown[]) => ({ type: "user", message: { role: "user", content } });

describe("readInputLines", () => {
  it("gives the text of both forms, in order", async () => {
    const lines = line({ type: "user", text: "one" }) + line(message({ type: "text", text: "two" }, { type: "text", text: "more" }));
    expect(await read(lines)).toEqual(["one", "two\nmore"]);
  });

  it("joins what comes in pieces, within a character too, and takes a last line without an end", async () => {
    const bytes = Buffer.from(`${line({ type: "user", text: "grün" })}{"type":"user","text":"last"}`);
    const cut = bytes.indexOf(0xc3) + 1;
    expect(await read(bytes.subarray(0, cut), bytes.subarray(cut))).toEqual(["grün", "last"]);
    expect(await read('{"type":"user","text":"a"}\r\n')).toEqual(["a"]);
  });

  it.for([
    ["", "an empty line"],
    ["text", "no JSON"],
    ["[]", "an array"],
    ["null", "null"],
    ['{"type":"assistant","text":"x"}', "another type"],
    ['{"type":"user"}', "no text"],
    ['{"type":"user","text":" "}', "a blank text"],
    ['{"type":"user","text":7}', "a number"],
    ['{"type":"user","text":"x","message":{}}', "both forms"],
    ['{"type":"user","message":{"role":"assistant","content":[{"type":"text","text":"x"}]}}', "another role"],
    ['{"type":"user","message":{"role":"user","content":"x"}}', "content that is no list"],
    ['{"type":"user","message":{"role":"user","content":[]}}', "empty content"],
    ['{"type":"user","message":{"role":"user","content":[{"type":"image"}]}}', "an image"],
  ] as const)("refuses %s (%s) and names the line", async ([bad]) => {
    const texts: string[] = [];
    const reading = (async () => {
      for await (const text of readInputLines(streamOf([line({ type: "user", text: "one" }), `${bad}\n`]))) texts.push(text);
    })();
    await expect(reading).rejects.toMatchObject({ code: "invalid_request", message: expect.stringContaining("Line 2 of standard input") });
    expect(texts).toEqual(["one"]);
  });

  it("refuses what is not UTF-8, at the end too, and a line without bounds", async () => {
    await expect(read(Uint8Array.of(0xff))).rejects.toThrow("must be UTF-8");
    await expect(read(Uint8Array.of(0xc3))).rejects.toThrow("must be UTF-8");
    await expect(read(...Array.from({ length: 5 }, () => "x".repeat(1024 * 1024)))).rejects.toThrow("at most 4 MiB");
  });
});
