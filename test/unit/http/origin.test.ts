import { describe, expect, it } from "vitest";
import { checkOrigin } from "../../../adapters/http/gate/origin.js";
import { listedOrigins, originCorpus } from "../../fault/corpus/origins.js";
import { call, headerMap, outcome, testHandler } from "./fixtures.js";

const own = ["http://127.0.0.1:7433", "http://localhost:7433"];
const listed = listedOrigins;
const O = (value: string): string[] => ["Origin", value];
const S = (value: string): string[] => ["Sec-Fetch-Site", value];
const corpus = originCorpus(7433);

describe("checkOrigin", () => {
  it.each(corpus)("%j passes: %s", (headers, passes) => {
    expect(outcome(() => checkOrigin(headerMap(...headers), own, listed))).toBe(passes ? "passes" : "origin_not_allowed");
  });

  it("names the origin only when it is a listed one", () => {
    expect(checkOrigin(headerMap(...O("https://app.example")), own, listed)).toBe("https://app.example");
    expect(checkOrigin(headerMap(...O("http://localhost:7433")), own, listed)).toBeUndefined();
  });

  it.each(["same-origin", "none", "same-site", "cross-site"])("takes a listed one from %s", (site) => {
    expect(checkOrigin(headerMap(...O("https://app.example"), "Sec-Fetch-Site", site), own, listed)).toBe("https://app.example");
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
