import { describe, expect, it } from "vitest";
import { parseTarget } from "../../../adapters/http/gate/target.js";
import { call, outcome, testHandler } from "./fixtures.js";

const long = (bytes: number): string => `/${"a".repeat(bytes - 1)}`;

const corpus: readonly (readonly [target: string, code: string])[] = [
  ["/", "passes"],
  ["/runs", "passes"],
  ["/runs/R-1_2", "passes"],
  ["/runs/R-1%5F2", "passes"],
  ["/ru%6es", "passes"],
  ["/runs?limit=10", "passes"],
  ["/runs?", "passes"],
  ["/runs?key=a%2Fb", "passes"],
  ["/runs?label=%C3%A9", "passes"],
  ["/runs?label=a+b", "passes"],
  ["/runs/...", "passes"],
  ["/runs/..a", "passes"],
  ["/runs/a..", "passes"],
  ["/runs/.a", "passes"],
  ["/runs?path=/../x", "passes"],
  ["/runs?tokens=1", "passes"],
  ["/panes/%255", "passes"],
  [long(8192), "passes"],
  ["", "invalid_target"],
  ["*", "invalid_target"],
  ["runs", "invalid_target"],
  ["//evil.example/runs", "invalid_target"],
  ["//", "invalid_target"],
  ["http://127.0.0.1:7433/runs", "invalid_target"],
  ["https://evil.example/", "invalid_target"],
  ["evil.example:443", "invalid_target"],
  ["/runs#x", "invalid_target"],
  ["/runs?a#b", "invalid_target"],
  ["/runs\\x", "invalid_target"],
  ["/\\evil.example", "invalid_target"],
  ["/runs?a=\\", "invalid_target"],
  ["/ runs", "invalid_target"],
  ["/runs x", "invalid_target"],
  ["/runs\t", "invalid_target"],
  ["/runs\u0000", "invalid_target"],
  ["/runs\u007f", "invalid_target"],
  ["/runs\u00e9", "invalid_target"],
  ["/runs\r\nX: y", "invalid_target"],
  ["/runs/.", "invalid_target"],
  ["/runs/..", "invalid_target"],
  ["/./runs", "invalid_target"],
  ["/../runs", "invalid_target"],
  ["/a/../runs", "invalid_target"],
  ["/a/./runs", "invalid_target"],
  ["/runs/%2e", "invalid_target"],
  ["/runs/%2e%2e", "invalid_target"],
  ["/runs/%2E%2E/x", "invalid_target"],
  ["/runs/.%2e", "invalid_target"],
  ["/runs/%2e./x", "invalid_target"],
  ["/runs%2F..%2Fx", "invalid_target"],
  ["/runs/a%2fb", "invalid_target"],
  ["/runs/a%5cb", "invalid_target"],
  ["/runs/a%5Cb", "invalid_target"],
  ["/runs/%00", "invalid_target"],
  ["/runs?a=%00", "invalid_target"],
  ["/runs/%", "invalid_target"],
  ["/runs/%4", "invalid_target"],
  ["/runs/%zz", "invalid_target"],
  ["/runs?a=%zz", "invalid_target"],
  ["/runs/%c0%ae", "invalid_target"],
  ["/runs/%c0%af", "invalid_target"],
  ["/runs/%ff", "invalid_target"],
  ["/runs/%ed%a0%80", "invalid_target"],
  ["/runs?a=%ff", "invalid_target"],
  [long(8193), "target_too_long"],
  [`${long(8193)}\u0000`, "target_too_long"],
  ["/runs?token=x", "token_in_url"],
  ["/runs?access_token=x", "token_in_url"],
  ["/runs?a=1&token=", "token_in_url"],
  ["/runs?Token=x", "token_in_url"],
  ["/runs?t%6Fken=x", "token_in_url"],
];

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
