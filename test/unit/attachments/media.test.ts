import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { downloadHeaders, imageTypeOf, sentType, storedType } from "../../../lib/attachments/media.js";
import type { AttachmentRef } from "../../../lib/attachments/schema.js";
import { storedFileName } from "../../../lib/file-name.js";
import { anyText } from "../../support/any-text.js";

const ref = (filename: string): AttachmentRef => ({
  id: "att-1",
  filename,
  size_bytes: 1,
  content_type: "image/png",
  sha256: "ab",
  created_at: "",
  expires_at: "",
});
const disposition = (filename: string): string | undefined => downloadHeaders(ref(filename), false)["Content-Disposition"];

describe("the name that is kept of a file", () => {
  it.each([
    ["notes.txt", "notes.txt"],
    ["/etc/passwd", "passwd"],
    ["C:\\Users\\me\\a b.txt", "a b.txt"],
    ["../../x", "x"],
    ["folder/", "folder"],
    ["e\u0301.txt", "\u00e9.txt"],
    ["a\u0000b\nc\u001b[31m\u0085.txt", "abc[31m.txt"],
    ["photo\u202egnp.exe", "photognp.exe"],
    ["  spaced  ", "spaced"],
    ["\ud800x", "\ufffdx"],
    ["", "file"],
    [undefined, "file"],
    ["..", "file"],
    [".\u0000.", "file"],
    ["///", "file"],
    [".bashrc", ".bashrc"],
    [`${"x".repeat(300)}.tar`, `${"x".repeat(251)}.tar`],
    ["ä".repeat(200), "ä".repeat(127)],
    [`${"x".repeat(250)}     y.txt`, `${"x".repeat(250)} y.txt`.slice(0, 250) + ".txt"],
  ])("of %j is %j", (given, kept) => {
    expect(storedFileName(given)).toBe(kept);
  });

  it("is one harmless component of at most 255 bytes, whatever was given, and stays as it is", () => {
    const hostile = fc.oneof(
      anyText({ maxLength: 400 }),
      fc.string({
        unit: fc.constantFrom(
          "/",
          "\\",
          ".",
          " ",
          "\u0000",
          "\u202e",
          "\u200f",
          "e",
          "\u0301",
          "ä",
          "\u{1f600}",
          "\ud83d",
          "x".repeat(90),
          "\n",
          "\u2028",
        ),
        maxLength: 60,
      }),
    );
    fc.assert(
      fc.property(hostile, (given) => {
        const name = storedFileName(given);
        expect(name).not.toMatch(/[/\\\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
        expect(["", ".", ".."]).not.toContain(name);
        expect(new TextEncoder().encode(name).length).toBeLessThanOrEqual(255);
        expect(name).toBe(name.normalize("NFC"));
        expect(name.isWellFormed()).toBe(true);
        expect(storedFileName(name)).toBe(name);
      }),
      { numRuns: 100 },
    );
  });
});

describe("the headers of a download", () => {
  it("leave a page no power over what is sent", () => {
    expect(downloadHeaders(ref("a.png"), false)).toEqual({
      "Content-Disposition": "attachment; filename=\"a.png\"; filename*=UTF-8''a.png",
      "Content-Security-Policy": "default-src 'none'; sandbox",
      "X-Content-Type-Options": "nosniff",
      "Cross-Origin-Resource-Policy": "same-origin",
      "Cache-Control": "no-store",
      ETag: '"ab"',
    });
    expect(downloadHeaders(ref("a.png"), true)["Content-Disposition"]).toMatch(/^inline; /);
  });

  it.each([
    ["ä b.txt", "attachment; filename=\"_ b.txt\"; filename*=UTF-8''%C3%A4%20b.txt"],
    ['a"b\\c%d', "attachment; filename=\"a_b_c_d\"; filename*=UTF-8''a%22b%5Cc%25d"],
    ["it's (1)*.txt", "attachment; filename=\"it's (1)*.txt\"; filename*=UTF-8''it%27s%20%281%29%2A.txt"],
    ["\u{1f600}", "attachment; filename=\"_\"; filename*=UTF-8''%F0%9F%98%80"],
    ["x; filename=evil.exe", "attachment; filename=\"x; filename=evil.exe\"; filename*=UTF-8''x%3B%20filename%3Devil.exe"],
  ])("name %j as %s", (filename, expected) => {
    expect(disposition(filename)).toBe(expected);
  });

  it("hold any name in one line of ASCII from which the real one comes back", () => {
    fc.assert(
      fc.property(anyText({ maxLength: 100 }).map(storedFileName), (name) => {
        const value = disposition(name) ?? "";
        expect(value).toMatch(/^attachment; filename="[\x20\x21\x23\x24\x26-\x5b\x5d-\x7e]*"; filename\*=UTF-8''[\w!#$&+.^`|~%-]+$/);
        expect(decodeURIComponent(value.split("filename*=UTF-8''")[1] ?? "")).toBe(name);
      }),
    );
  });
});

describe("the type of an attachment", () => {
  it.each([
    ["text/html", "application/octet-stream"],
    ["image/svg+xml", "application/octet-stream"],
    ["application/javascript", "application/octet-stream"],
    ["application/xhtml+xml", "application/octet-stream"],
    ["text/xml", "application/octet-stream"],
    ["application/pdf", "application/octet-stream"],
    ["constructor", "application/octet-stream"],
    ["text/plain", "text/plain; charset=utf-8"],
    ["image/png", "image/png"],
  ])("%s is sent as %s", (declared, sent) => {
    expect(sentType(declared)).toBe(sent);
  });

  it.each([
    [undefined, "application/octet-stream"],
    ["", "application/octet-stream"],
    ["Text/HTML; charset=utf-7", "text/html"],
    ["text/plain\r\nX-Evil: 1", "application/octet-stream"],
    ["text/plain, text/html", "application/octet-stream"],
    ["../etc/passwd", "application/octet-stream"],
    ["__proto__", "application/octet-stream"],
    [`${"x".repeat(200)}/y`, "application/octet-stream"],
  ])("%j is kept as %s", (declared, kept) => {
    expect(storedType(declared)).toBe(kept);
  });

  it.each([
    ["\x89PNG\r\n\x1a\n....", "image/png"],
    ["\xff\xd8\xff\xe0", "image/jpeg"],
    ["GIF87a", "image/gif"],
    ["GIF89a...", "image/gif"],
    ["RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"],
    ["RIFF\x10\x00\x00\x00WAVEfmt ", undefined],
    ["<svg xmlns", undefined],
    ["\x89PNG", undefined],
    ["", undefined],
  ])("of bytes that begin with %j is %s", (start, type) => {
    expect(imageTypeOf(Uint8Array.from(start, (character) => character.charCodeAt(0)))).toBe(type);
  });
});
