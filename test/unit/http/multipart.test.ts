import { describe, expect, it } from "vitest";
import { openForm } from "../../../adapters/http/multipart.js";
import { isAnodeError } from "../../../lib/errors.js";

const boundary = "----x1";
const part = 'Content-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n';
const form = (content: string, head = part): string => `--${boundary}\r\n${head}${content}\r\n--${boundary}--\r\n`;

/** The bytes of a text, one character each, in pieces of the given size. */
async function* pieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function read(
  text: string,
  size = 1_000_000,
): Promise<{ filename: string | undefined; contentType: string | undefined; content: string }> {
  const { filename, contentType, bytes } = await openForm(pieces(text, size), boundary);
  let content = "";
  for await (const chunk of bytes) content += String.fromCharCode(...chunk);
  return { filename, contentType, content };
}

/** The sentence of the refusal, or `passes`. */
const refusal = (text: string, size?: number): Promise<string> =>
  read(text, size).then(
    () => "passes",
    (error: unknown) => (isAnodeError(error) && error.code === "invalid_request" ? error.message : `another error: ${String(error)}`),
  );

describe("a form of one file", () => {
  const contents = [
    "",
    "text",
    "\r\n",
    "\r\n\r\n--",
    `\r\n--${boundary.slice(0, -1)}`,
    `--${boundary}`,
    `\r\n-${boundary}`,
    "\r".repeat(50),
    `${"\r\n--".repeat(40)}end`,
    "\u0000\u00ff".repeat(100),
  ];

  it.each(contents)("gives the bytes %j as they are, however they arrive", async (content) => {
    for (const size of [1, 2, 3, 5, 7, 64, 1_000]) expect((await read(form(content), size)).content).toBe(content);
  });

  it("gives name and type of its part", async () => {
    expect(await read(form("x"))).toEqual({ filename: "a.txt", contentType: "text/plain", content: "x" });
    const bare = "content-disposition:form-data;name=file\r\n\r\n";
    expect(await read(form("x", bare))).toEqual({ filename: undefined, contentType: undefined, content: "x" });
    const quoted = 'Content-Disposition: form-data; name="file"; filename="a\\"b\\\\c C:\\dir;x.txt"\r\n\r\n';
    expect((await read(form("x", quoted))).filename).toBe('a"b\\c C:\\dir;x.txt');
  });

  it.each<[string, string, RegExp]>([
    ["is empty", "", /begin with its boundary/],
    ["has another boundary", form("x").replaceAll(boundary, "----y1"), /begin with its boundary/],
    ["has a preamble", `hello\r\n${form("x")}`, /begin with its boundary/],
    ["has an epilogue", `${form("x")}more`, /nothing behind its last boundary/],
    ["has no part", `--${boundary}--\r\n`, /required/],
    ["ends behind its boundary", `--${boundary}`, /cut off/],
    ["ends in its headers", `--${boundary}\r\nContent-Disp`, /cut off/],
    ["ends in its bytes", form("some bytes").slice(0, -20), /cut off/],
    ["ends within its last boundary", form("x").slice(0, -5), /cut off/],
    ["has a boundary with something behind it", form("x").replace(`${boundary}--`, `${boundary}xx`), /nothing but a line end/],
    ["has two parts", `--${boundary}\r\n${part}x\r\n${form("y")}`, /not a part of this form/],
    ["has a part of another name", form("x", part.replace('"file"', '"other"')), /^other is not a part/],
    ["has a part without a name", form("x", "Content-Disposition: form-data\r\n\r\n"), /not a part/],
    ["has a part of another kind", form("x", part.replace("form-data", "attachment")), /form-data/],
    ["has a part without headers", form("x", "\r\n\r\n"), /well-formed headers/],
    ["has a header without a name", form("x", `: x\r\n${part}`), /well-formed headers/],
    ["folds a header", form("x", `X: a\r\n b\r\n${part}`), /well-formed headers/],
    ["has a header twice", form("x", `Content-Type: a/b\r\n${part}`), /each once/],
    ["has parameters that are none", form("x", part.replace("; filename", " filename")), /well-formed parameters/],
    ["has a name without an end", form("x", part.replace('txt"', "txt")), /well-formed parameters/],
    ["names its part twice", form("x", part.replace("; filename", '; name="file"; filename')), /once/],
    ["is coded", form("x", `Content-Transfer-Encoding: base64\r\n${part}`), /transfer encoding/],
    ["has headers without an end", `--${boundary}\r\n${"X-A: b\r\n".repeat(1_000)}`, /at most 4096 bytes/],
  ])("that %s is refused", async (_, text, sentence) => {
    for (const size of [1, 11, 1_000_000]) expect(await refusal(text, size)).toMatch(sentence);
  });

  it("asks for no more than is taken, and leaves its source when its reader leaves", async () => {
    let asked = 0;
    let left = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for await (const piece of pieces(form("x".repeat(1_000)), 100)) {
          asked += 1;
          yield piece;
        }
      } finally {
        left = true;
      }
    }
    const { bytes } = await openForm(source(), boundary);
    const before = asked;
    for await (const _ of bytes) {
      expect(asked).toBeLessThanOrEqual(before + 1);
      break;
    }
    expect(left).toBe(true);
  });

  it("passes the error of its source on", async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield* pieces(form("some bytes").slice(0, -20), 1_000);
      throw new Error("reset");
    }
    const { bytes } = await openForm(broken(), boundary);
    const readAll = async (): Promise<void> => {
      for await (const _ of bytes);
    };
    await expect(readAll()).rejects.toThrow("reset");
  });
});
