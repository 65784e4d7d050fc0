import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changedLines } from "../../../lib/acp/changed-lines.js";
import { fillArgv } from "../../../lib/acp/launch.js";
import { messagesOf } from "../../../lib/acp/messages.js";

/** What is read of bytes that arrive in the given pieces. */
async function readAll(pieces: readonly Uint8Array[]): Promise<{ messages: object[]; stray: string[] }> {
  const stray: string[] = [];
  const messages: object[] = [];
  async function* source() {
    yield* pieces;
  }
  for await (const message of messagesOf(source(), (text) => stray.push(text))) messages.push(message);
  return { messages, stray };
}

describe("the lines an agent writes", () => {
  it("are the same messages however the bytes are cut", async () => {
    const values = [{ a: 1 }, { text: "käse 🧀" }, { nested: { list: [1, 2] } }];
    const bytes = new TextEncoder().encode(values.map((value) => `${JSON.stringify(value)}\n`).join("\r\n"));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 8 }), async (cuts) => {
        const places = [0, ...cuts.toSorted((one, other) => one - other), bytes.length];
        const pieces = places.slice(1).map((end, index) => bytes.slice(places[index], end));
        expect(await readAll(pieces)).toEqual({ messages: values, stray: [] });
      }),
      { numRuns: 200 },
    );
  });

  it("that are no objects are told and passed over", async () => {
    const text = 'npm warn old\n{"a":1}\n[1]\n"x"\n{"broken\n\n{"b":2}';
    expect(await readAll([new TextEncoder().encode(text)])).toEqual({
      messages: [{ a: 1 }, { b: 2 }],
      stray: ["npm warn old", "[1]", '"x"', '{"broken'],
    });
  });

  it("that never end are given up, and the next one is read", async () => {
    const long = new Uint8Array(9 * 1024 * 1024).fill(97);
    const { messages, stray } = await readAll([long, long, long, long, new TextEncoder().encode('tail\n{"a":1}\n')]);
    expect(messages).toEqual([{ a: 1 }]);
    expect(stray).toHaveLength(1);
    expect(stray[0]?.length).toBeLessThan(20_000);
  });
});

describe("an argv with placeholders", () => {
  const values = { model: "m 1", cwd: "/w", session_id: undefined };
  it("is filled in by whole items", () => {
    expect(fillArgv(["a", "--model", "{model}", "{cwd}", "x{model}"], values)).toEqual(["a", "--model", "m 1", "/w", "x{model}"]);
  });

  it("loses what has no value, with its flag", () => {
    expect(fillArgv(["a", "run", "{session_id}", "--resume", "{session_id}", "-v"], values)).toEqual(["a", "run", "-v"]);
  });
});

describe("changed lines", () => {
  it.for([
    ["", "", 0, 0],
    ["", "a\nb\n", 2, 0],
    ["a\nb\n", "", 0, 2],
    ["a\nb\nc\n", "a\nx\nc\n", 1, 1],
    ["a\nb\nc\nd\n", "x\na\nb\nd\ny\n", 2, 1],
  ] as const)("from %j to %j are %i and %i", ([before, after, added, removed]) => {
    expect(changedLines(before, after)).toEqual({ added, removed });
  });

  it("are not counted where that takes too long", () => {
    const lines = (mark: string): string => Array.from({ length: 3_000 }, (_, index) => `${mark}${index}`).join("\n");
    expect(changedLines(lines("a"), lines("b"))).toBeUndefined();
  });
});
