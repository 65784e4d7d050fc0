import { describe, expect, it } from "vitest";
import { escapeControls, toTerminalText } from "../../../adapters/cli/escape.js";

const point = (code: number): string => String.fromCodePoint(code);
const c0 = Array.from({ length: 0x20 }, (_, code) => code).filter((code) => code !== 0x09 && code !== 0x0a);
const c1 = Array.from({ length: 0x20 }, (_, code) => 0x80 + code);
const bidi = [0x061c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069];
const widthless = [
  0x180e, 0x200b, 0x200c, 0x200d, 0x2060, 0x2061, 0x2062, 0x2063, 0x2064, 0xfeff, 0xfff9, 0xfffb, 0xe0001, 0xe0041, 0xe007f,
];
const unsafe = [...c0, 0x7f, ...c1, ...bidi, ...widthless];

/** What terminals are known to obey, and what it must look like. */
const attacks: readonly (readonly [name: string, text: string, shown: string])[] = [
  ["a title", "\u001b]0;owned\u0007", "\\u001b]0;owned\\u0007"],
  ["a color", "\u001b[31mred\u001b[0m", "\\u001b[31mred\\u001b[0m"],
  ["a cleared screen", "\u001b[2J\u001b[H", "\\u001b[2J\\u001b[H"],
  ["a clipboard write", "\u001b]52;c;cm0gLXJm\u0007", "\\u001b]52;c;cm0gLXJm\\u0007"],
  ["a link", "\u001b]8;;http://a\u001b\\b\u001b]8;;\u001b\\", "\\u001b]8;;http://a\\u001b\\b\\u001b]8;;\\u001b\\"],
  ["a device query", "\u001b[c\u001b[6n", "\\u001b[c\\u001b[6n"],
  ["a one-character introducer", "\u009b31m", "\\u009b31m"],
  ["a one-character command string", "\u009d0;x\u009c", "\\u009d0;x\\u009c"],
  ["an overwritten line", "safe\rrm -rf", "safe\\u000drm -rf"],
  ["erased letters", "ls\b\bxx", "ls\\u0008\\u0008xx"],
  ["turned text", "user\u202egpj.exe", "user\\u202egpj.exe"],
  ["an isolate", "\u2066a\u2069", "\\u2066a\\u2069"],
  ["a hidden letter", "pay\u200bpal", "pay\\u200bpal"],
  ["hidden tags", "\u{e0061}", "\\udb40\\udc61"],
];

describe("escapeControls", () => {
  it.for(unsafe.map((code) => [code.toString(16), code] as const))("writes U+%s as an escape", ([, code]) => {
    const shown = escapeControls(`a${point(code)}b`);
    expect(shown).toMatch(/^a(\\u[0-9a-f]{4}){1,2}b$/);
    expect(JSON.parse(`"${shown}"`)).toBe(`a${point(code)}b`);
  });

  it.for(attacks)("shows %s instead of doing it", ([, text, shown]) => {
    expect(escapeControls(text)).toBe(shown);
  });

  it.for(["tab\tand\nnewline", "naïve Ünïcödé", "日本語", "עברית العربية", "é", "❤️ 👍🏽", "\\u001b typed", " \u00a0 "])(
    "leaves %j as it is",
    (text) => {
      expect(escapeControls(text)).toBe(text);
    },
  );

  it("keeps the meaning of JSON", () => {
    const value = { text: unsafe.map(point).join(""), [`k${point(0x9b)}`]: "x" };
    const line = escapeControls(JSON.stringify(value));
    expect(JSON.parse(line)).toEqual(value);
    expect(unsafe.filter((code) => line.includes(point(code)))).toEqual([]);
  });
});

describe("toTerminalText", () => {
  it("drops the carriage return of a line end and no other", () => {
    expect(toTerminalText("a\r\nb\rc\r\r\n")).toBe("a\nb\\u000dc\\u000d\n");
  });
});
