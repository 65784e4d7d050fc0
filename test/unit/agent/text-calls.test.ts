import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Piece, TextCallParser } from "../../../lib/agent/text-calls.js";

function parsed(...chunks: readonly string[]): Piece[] {
  const parser = new TextCallParser();
  const pieces = [...chunks.flatMap((chunk) => parser.push(chunk)), ...parser.end()];
  return pieces.reduce<Piece[]>((joined, piece) => {
    const last = joined.at(-1);
    if (piece.type !== "text" || last?.type !== "text") return [...joined, piece];
    return [...joined.slice(0, -1), { type: "text", text: last.text + piece.text }];
  }, []);
}
const text = (value: string): Piece => ({ type: "text", text: value });
const call = (name: string, args: object = {}): Piece => ({ type: "call", name, args: args as Record<string, unknown> });

describe("TextCallParser", () => {
  it.each<[string, string, Piece[]]>([
    ["plain text", "Hello\nthere", [text("Hello\nthere")]],
    ["a call alone", 'TOOL: {"name":"read","args":{"path":"a"}}', [call("read", { path: "a" })]],
    ["a call between text", 'I look.\nTOOL: {"name":"read"}\nDone.', [text("I look.\n"), call("read"), text("Done.")]],
    ["several calls", 'TOOL: {"name":"a"}\nTOOL: {"name":"b"}\n', [call("a"), call("b")]],
    ["a call over several lines", 'TOOL: {"name":"w",\n"args":{"t":"}\\n{"}}\n', [call("w", { t: "}\n{" })]],
    ["no call in the middle of a line", 'so TOOL: {"name":"a"}', [text('so TOOL: {"name":"a"}')]],
    ["no call in a code fence", '```\nTOOL: {"name":"a"}\n```\nTOOL: {"name":"b"}', [text('```\nTOOL: {"name":"a"}\n```\n'), call("b")]],
    ["what only begins like a call", "TOO late", [text("TOO late")]],
    ["a mark without an object", "TOOL: read it\nok", [{ type: "malformed", text: "TOOL: read it\n" }, text("ok")]],
    ["an object that never ends", 'TOOL: {"name":"a"', [{ type: "malformed", text: 'TOOL: {"name":"a"' }]],
    ["a call without a name", 'TOOL: {"args":{}}\n', [{ type: "malformed", text: 'TOOL: {"args":{}}\n' }]],
    ["arguments that are no object", 'TOOL: {"name":"a","args":[1]}\n', [{ type: "malformed", text: 'TOOL: {"name":"a","args":[1]}\n' }]],
  ])("finds %s", (_what, whole, pieces) => {
    expect(parsed(whole)).toEqual(pieces);
  });

  it("finds the same however the text arrives", () => {
    const line = fc.constantFrom(
      'TOOL: {"name":"a","args":{"x":"TOOL:"}}',
      "```",
      "text",
      "TOOL:",
      'TOOL: {"name":',
      '"b"}',
      "",
      "  TOOL: x",
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), fc.array(fc.nat(60), { maxLength: 10 }), (lines, cuts) => {
        const whole = lines.join("\n");
        const places = [...new Set(cuts.map((cut) => cut % (whole.length + 1)))].sort((a, b) => a - b);
        const chunks = [0, ...places].map((from, index) => whole.slice(from, places[index] ?? whole.length));
        expect(parsed(...chunks)).toEqual(parsed(whole));
      }),
    );
  });

  it("passes on what can be no call as soon as it is there", () => {
    const parser = new TextCallParser();
    expect([parser.push("He"), parser.push("llo"), parser.push("\nT"), parser.push("OO"), parser.push("k")]).toEqual([
      [text("He")],
      [text("llo")],
      [text("\n")],
      [],
      [text("TOOk")],
    ]);
  });
});
