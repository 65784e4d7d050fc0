import { describe, expect, it } from "vitest";
import type { AnodeError } from "../../../lib/errors.js";
import { checkFraming, checkLength } from "../../../adapters/http/gate/body-framing.js";
import { checkJsonType, checkOneType, formBoundary } from "../../../adapters/http/gate/content-type.js";
import { contentTypeCorpus as corpus } from "../../fault/corpus/content-types.js";
import { call, documentOf, headerMap, outcome, testHandler, watchedBody } from "./fixtures.js";

describe("checkJsonType", () => {
  it.each(corpus)("%j passes: %s", (values, passes) => {
    const headers = headerMap(...values.flatMap((value) => ["Content-Type", value]));
    expect(outcome(() => checkJsonType(headers))).toBe(passes ? "passes" : "unsupported_media_type");
  });

  it.each([
    ["; charset=UTF-8", true],
    [";\t charset=utf-8 \t", true],
    [";  x=  ", true],
    ['; xx="aa"; yy=bb', true],
    ["; CHARSET=utf-16", false],
    ["; x charset=utf-8", false],
    ["; charset=utf-8 x", false],
    ["; =utf-8", false],
    ["; (x)=a", false],
    ["; x=(a)", false],
    ["; x=a b", false],
    ['; x="a', false],
    ['; x=a"', false],
    ['; x=""a""', false],
  ])("of the parameters %j passes: %s", (parameters, passes) => {
    const headers = headerMap("Content-Type", `application/json${parameters}`);
    expect(outcome(() => checkJsonType(headers))).toBe(passes ? "passes" : "unsupported_media_type");
  });

  it("guards every operation with a JSON body, which is then not read", async () => {
    const { handle, performed } = testHandler();
    for (const target of ["/runs", "/runs/R-1/input", "/runs/prune"]) {
      for (const [values, passes] of corpus) {
        if (passes) continue;
        const headers = values.flatMap((value) => ["Content-Type", value]);
        const watched = watchedBody();
        const reply = await handle(call({ method: "POST", target, headers, body: watched.body }));
        expect([reply.status, reply.headers["Accept"], watched.read]).toEqual([415, "application/json", false]);
      }
    }
    expect(performed).toEqual([]);
  });
});

describe("checkOneType", () => {
  it.each([
    [[], "passes"],
    [["Content-Type", "image/png"], "passes"],
    [["Content-Type", "image/png", "Content-Type", "image/png"], "unsupported_media_type"],
  ])("%j: %s", (pairs, expected) => {
    expect(outcome(() => checkOneType(headerMap(...pairs)))).toBe(expected);
  });
});

describe("formBoundary", () => {
  const longest = "b".repeat(70);
  const refused = "unsupported_media_type";
  const told = (...values: string[]): string => {
    try {
      return `gives ${formBoundary(headerMap(...values.flatMap((value) => ["Content-Type", value])))}`;
    } catch (error) {
      const { code, details } = error as AnodeError;
      return `${code}, accepts ${String(details?.["accept"])}`;
    }
  };

  it.each([
    ["multipart/form-data; boundary=x", "x"],
    ["Multipart/Form-Data;boundary=x", "x"],
    [" multipart/form-data ; charset=utf-8 ; Boundary=xY9 ", "xY9"],
    ['multipart/form-data; boundary="a b"', "a b"],
    ["multipart/form-data; boundary='()+_,./:=?-", "'()+_,./:=?-"],
    [`multipart/form-data; boundary=${longest}`, longest],
    ["multipart/form-data; x-boundary=a; boundary=b", "b"],
  ])("of %j is %j", (value, boundary) => {
    expect(told(value)).toBe(`gives ${boundary}`);
  });

  it.each([
    [],
    [""],
    ["multipart/form-data"],
    ["multipart/form-data; boundary="],
    ['multipart/form-data; boundary="x'],
    ['multipart/form-data; boundary=x"'],
    ['multipart/form-data; boundary="a "'],
    ["multipart/form-data; boundary=a\u00e9"],
    ["multipart/form-data; boundary=\u00e9a"],
    ["multipart/form-data; boundary=a!b"],
    [`multipart/form-data; boundary=${longest}b`],
    ["multipart/form-data; boundary=x; boundary=x"],
    ["multipart/form-data; boundary=x; boundary=!"],
    ["multipart/form-data; x-boundary=a"],
    ["multipart/mixed; boundary=x"],
    ["application/json; boundary=x"],
    ["multipart/form-data; boundary=x", "multipart/form-data; boundary=x"],
  ])("is refused: %j %j", (...values) => {
    expect(told(...values)).toBe(`${refused}, accepts multipart/form-data`);
  });
});

describe("checkFraming", () => {
  it.each([
    [["Content-Encoding", "identity"], "passes"],
    [[], "passes"],
    [["Content-Encoding", "Identity"], "passes"],
    [["Content-Encoding", "identity", "Transfer-Encoding", "chunked"], "passes"],
    [["Transfer-Encoding", "chunked"], "passes"],
    [["Transfer-Encoding", "Chunked"], "passes"],
    [["Content-Encoding", "gzip"], "unsupported_media_type"],
    [["Content-Encoding", "br"], "unsupported_media_type"],
    [["Content-Encoding", ""], "unsupported_media_type"],
    [["Content-Encoding", "identity", "Content-Encoding", "identity"], "unsupported_media_type"],
    [["Content-Encoding", Array(1000).fill("gzip").join(",")], "unsupported_media_type"],
    [["Transfer-Encoding", "gzip, chunked"], "malformed_request"],
    [["Transfer-Encoding", "chunked, chunked"], "malformed_request"],
    [["Transfer-Encoding", "chunked", "Transfer-Encoding", "chunked"], "malformed_request"],
    [["Transfer-Encoding", "identity"], "malformed_request"],
    [["Transfer-Encoding", ""], "malformed_request"],
  ])("%j: %s", (headers, code) => {
    expect(outcome(() => checkFraming(headerMap(...headers)))).toBe(code);
  });

  it("guards operations without a body too", async () => {
    const reply = await testHandler().handle(call({ headers: ["Content-Encoding", "gzip"] }));
    expect(documentOf(reply)["code"]).toBe("unsupported_media_type");
  });
});

describe("checkLength", () => {
  it("refuses a declared length over the limit and no other", () => {
    expect(outcome(() => checkLength(headerMap(), 10))).toBe("passes");
    expect(outcome(() => checkLength(headerMap("Content-Length", "10"), 10))).toBe("passes");
    expect(outcome(() => checkLength(headerMap("Content-Length", "11"), 10))).toBe("body_too_large");
    expect(outcome(() => checkLength(headerMap("Content-Length", "9".repeat(400)), 10))).toBe("body_too_large");
  });
});
