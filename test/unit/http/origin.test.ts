import { describe, expect, it } from "vitest";
import { checkOrigin } from "../../../adapters/http/gate/origin.js";
import { call, headerMap, outcome, testHandler } from "./fixtures.js";

const own = ["http://127.0.0.1:7433", "http://localhost:7433"];
const listed = ["https://app.example", "https://app.example:8443"];
const O = (value: string): string[] => ["Origin", value];
const S = (value: string): string[] => ["Sec-Fetch-Site", value];

// Headers, and whether they pass.
const corpus: readonly (readonly [headers: readonly string[], passes: boolean])[] = [
  [[], true],
  [O("http://127.0.0.1:7433"), true],
  [O("http://localhost:7433"), true],
  [O("https://app.example"), true],
  [O("https://app.example:8443"), true],
  [[...O("https://app.example"), ...S("cross-site")], true],
  [[...O("https://app.example"), ...S("same-site")], true],
  [[...O("http://127.0.0.1:7433"), ...S("same-origin")], true],
  [S("same-origin"), true],
  [S("none"), true],
  [O("null"), false],
  [O(""), false],
  [O("file://"), false],
  [O("http://evil.example"), false],
  [O("http://127.0.0.1"), false],
  [O("http://127.0.0.1:7434"), false],
  [O("http://127.0.0.1:74330"), false],
  [O("https://127.0.0.1:7433"), false],
  [O("http://127.0.0.1:7433.evil.example"), false],
  [O("http://127.0.0.1:7433@evil.example"), false],
  [O("http://127.0.0.1:7433/"), false],
  [O("http://localhost:7433,http://evil.example"), false],
  [O("http://[::1]:7433"), false],
  [O("http://app.example"), false],
  [O("https://app.example."), false],
  [O("https://app.example:443"), false],
  [O("https://APP.example"), false],
  [O("https://xapp.example"), false],
  [O("https://sub.app.example"), false],
  [O("https://app.example.evil.example"), false],
  [O("chrome-extension://abcdefgh"), false],
  [O("moz-extension://abcdefgh"), false],
  [O("vscode-webview://abcdefgh"), false],
  [O("capacitor://localhost"), false],
  [O("*"), false],
  [[...O("http://127.0.0.1:7433"), ...O("http://127.0.0.1:7433")], false],
  [[...O("https://app.example"), ...O("http://evil.example")], false],
  [S("cross-site"), false],
  [S("same-site"), false],
  [S(""), false],
  [S("Same-Origin"), false],
  [S("bogus"), false],
  [[...S("same-origin"), ...S("same-origin")], false],
  [[...O("http://127.0.0.1:7433"), ...S("cross-site")], false],
  [[...O("https://app.example"), ...S("bogus")], false],
];

describe("checkOrigin", () => {
  it.each(corpus)("%j passes: %s", (headers, passes) => {
    expect(outcome(() => checkOrigin(headerMap(...headers), own, listed))).toBe(passes ? "passes" : "origin_not_allowed");
  });

  it("names the origin only when it is a listed one", () => {
    expect(checkOrigin(headerMap(...O("https://app.example")), own, listed)).toBe("https://app.example");
    expect(checkOrigin(headerMap(...O("http://localhost:7433")), own, listed)).toBeUndefined();
  });

  it("never takes null, even when it is listed", () => {
    expect(outcome(() => checkOrigin(headerMap(...O("null")), own, ["null"]))).toBe("origin_not_allowed");
  });
});

describe("CORS headers", () => {
  const corsOf = (headers: Readonly<Record<string, string>>): string[] =>
    Object.keys(headers).filter((name) => /^access-control-/i.test(name));

  it.each(["GET", "POST", "DELETE", "OPTIONS"])("are absent from every answer to %s of an origin that is not listed", async (method) => {
    const { handle, performed } = testHandler({ origins: listed });
    for (const [headers, passes] of corpus) {
      if (passes) continue;
      const reply = await handle(call({ method, headers }));
      expect([reply.status, corsOf(reply.headers)]).toEqual([403, []]);
    }
    expect(performed).toEqual([]);
  });

  it("are absent when no page asks", async () => {
    const reply = await testHandler({ origins: listed }).handle(call());
    expect(corsOf(reply.headers)).toEqual([]);
  });

  it("name the one listed origin, on refusals too, and never credentials", async () => {
    const { handle } = testHandler({ origins: listed });
    for (const target of ["/runs", "/nowhere"]) {
      const { headers } = await handle(call({ target, headers: [...O("https://app.example"), ...S("cross-site")] }));
      expect(headers).toMatchObject({ "Access-Control-Allow-Origin": "https://app.example", Vary: "Origin" });
      expect(headers).not.toHaveProperty("Access-Control-Allow-Credentials");
    }
  });

  it("answer the preflight of a listed origin without a credential", async () => {
    const { handle, performed } = testHandler({ origins: listed });
    const rawHeaders = ["Host", "127.0.0.1:7433", ...O("https://app.example"), "Access-Control-Request-Method", "POST"];
    const reply = await handle(call({ method: "OPTIONS", rawHeaders }));
    expect(reply.status).toBe(204);
    expect(reply.headers["Access-Control-Allow-Headers"]).toContain("Authorization");
    expect(performed).toEqual([]);
  });
});
