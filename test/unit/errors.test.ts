import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { denyReason } from "../../lib/questions/schema.js";
import { AnodeError, type CodeEntry, errorCatalogue, invalidRequest, isAnodeError } from "../../lib/errors.js";

describe("the catalogue of errors", () => {
  it("is what docs/errors.md tells readers, code by code", () => {
    const page = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8");
    const rows = [...page.matchAll(/^\| `(\w+)` \| ([\d, –]+) \| (\d+) \| (.*) \|$/gm)].map(([, code, status, exit, text]) => ({
      code,
      status,
      exit: Number(exit),
      text,
    }));
    const expected = Object.entries(errorCatalogue as Record<string, CodeEntry>).map(([code, entry]) => ({
      code,
      status: entry.status === undefined ? "–" : [entry.status, ...(entry.alternatives ?? [])].join(", "),
      exit: entry.exit,
      text: entry.text,
    }));
    expect(rows).toEqual(expected);
  });

  it("is followed by what stands in results and events, code by code", () => {
    const textOf = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
    const listed = (heading: string) => {
      const [, section = ""] = textOf("docs/errors.md").split(`\n## ${heading}\n`);
      return [...(section.split("\n## ")[0] ?? "").matchAll(/^\| `(\w+)` \|/gm)].map(([, code = ""]) => code);
    };
    const membersOf = (path: string, type: string) => {
      const [, union = ""] = new RegExp(`type ${type} =([^;]*);`).exec(textOf(path)) ?? [];
      return [...union.matchAll(/"(\w+)"/g)].map(([, code = ""]) => code);
    };
    expect(listed("What is wrong with a tool's call")).toEqual(membersOf("lib/agent/tools/tool-error.ts", "ToolErrorCode").toSorted());
    const others = ["agent_notice", "mode_never_asks", "question_full", "storage_full"];
    expect(listed("Notices")).toEqual([...membersOf("lib/agent/notices.ts", "NoticeCode"), ...others].toSorted());
    expect(listed("Why an approval was not given").toSorted()).toEqual([...denyReason.options].toSorted());
    expect(listed("Why a daemon is degraded")).toEqual(["admission_paused", "containment_weak", "storage_full", "storage_low"]);
  });

  it("gives each status and exit status that the rules allow", () => {
    const exits: Record<number, number> = {
      401: 6,
      403: 6,
      421: 6,
      404: 4,
      410: 4,
      409: 8,
      412: 8,
      429: 8,
      503: 8,
      507: 8,
      400: 2,
      422: 2,
    };
    for (const [code, entry] of Object.entries(errorCatalogue as Record<string, CodeEntry>)) {
      if (entry.status !== undefined) expect([code, entry.exit]).toEqual([code, exits[entry.status] ?? 1]);
    }
  });
});

describe("AnodeError", () => {
  it("is recognised by its brand, also from another copy of the package", () => {
    const foreign = Object.assign(new Error("x"), { [Symbol.for("anode-daemon.error")]: true, code: "run_not_found" });
    expect(isAnodeError(new AnodeError("run_not_found", "x"))).toBe(true);
    expect(isAnodeError(foreign)).toBe(true);
    expect(isAnodeError(new Error("x"))).toBe(false);
    expect(isAnodeError(null)).toBe(false);
  });

  it.each([
    ["queue_full", true],
    ["shutting_down", true],
    ["connection_lost", true],
    ["request_timeout", true],
    ["executor_unavailable", false],
    ["engine_unsupported", false],
    ["run_not_found", false],
    ["internal", false],
  ] as const)("tells whether %s may succeed later: %s", (code, retryable) => {
    expect(new AnodeError(code, "x").retryable).toBe(retryable);
  });

  it("names at most ten issues", () => {
    const issues = Array.from({ length: 12 }, (_, i) => ({ path: `f${i}`, code: "type" as const, message: "is wrong" }));
    expect(invalidRequest(issues)).toMatchObject({
      code: "invalid_request",
      status: 400,
      message: "f0 is wrong.",
      details: { issues: issues.slice(0, 10) },
    });
  });
});
