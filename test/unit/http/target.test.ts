import { describe, expect, it } from "vitest";
import { parseTarget } from "../../../adapters/http/gate/target.js";
import { pathCorpus as corpus } from "../../fault/corpus/paths.js";
import { call, outcome, testHandler } from "./fixtures.js";

describe("parseTarget", () => {
  it.each(corpus)("%j: %s", (target, code) => {
    expect(outcome(() => parseTarget(target, 8192))).toBe(code);
  });

  it("gives the path as it came and the query decoded, in order", () => {
    expect(parseTarget("/runs/a%20b?status=a&status=b&label=x+%C3%A9", 8192)).toEqual({
      path: "/runs/a%20b",
      query: [
        ["status", "a"],
        ["status", "b"],
        ["label", "x é"],
      ],
    });
  });
});

describe("the query", () => {
  it.each(["/runs", "/runs?", "/a%20b"])("of %s is empty", (target) => {
    expect(parseTarget(target, 8192)).toEqual({ path: target.replace("?", ""), query: [] });
  });
});

describe("a refused target", () => {
  it.each(["GET", "POST", "DELETE", "CONNECT"])("reaches no operation by %s", async (method) => {
    const { handle, performed } = testHandler();
    for (const [target, code] of corpus) {
      if (code === "passes") continue;
      const reply = await handle(call({ method, target }));
      expect(JSON.parse(reply.body as string).code).toBe(code);
    }
    expect(performed).toEqual([]);
  });
});
