import { describe, expect, it } from "vitest";
import { exitOfError, exitOfRun, isEnded } from "../../../adapters/cli/exit-code.js";
import { AnodeError, type CodeEntry, type ErrorCode, errorCatalogue } from "../../../lib/errors.js";

/** What a status means, said independently of the catalogue. */
const byStatus = new Map<number, number>([
  ...[400, 422].map((status) => [status, 2] as const),
  ...[404, 410].map((status) => [status, 4] as const),
  ...[401, 403, 421].map((status) => [status, 6] as const),
  ...[409, 412, 429, 503, 507].map((status) => [status, 8] as const),
]);
const catalogue: Readonly<Record<ErrorCode, CodeEntry>> = errorCatalogue;
const codes = Object.keys(catalogue) as ErrorCode[];
const withStatus = codes.filter((code) => catalogue[code].status !== undefined);

describe("exitOfError", () => {
  it("follows the status of every code that has one", () => {
    const wrong = withStatus.filter((code) => exitOfError(new AnodeError(code, "x")) !== (byStatus.get(catalogue[code].status ?? 0) ?? 1));
    expect(wrong).toEqual([]);
  });

  it("follows the status an error came with where its code has several", () => {
    const several = codes.flatMap((code) => (catalogue[code].alternatives ?? []).map((status) => [code, status] as const));
    expect(several.length).toBeGreaterThan(0);
    for (const [code, status] of several) expect(exitOfError(new AnodeError(code, "x", { status })), code).toBe(byStatus.get(status) ?? 1);
  });

  it.for([
    ["connection_refused", 3],
    ["connection_lost", 3],
    ["protocol_error", 3],
    ["timeout", 7],
    ["aborted", 130],
    ["store_unsafe_version", 78],
  ] as const)("gives %s the exit code %i", ([code, exit]) => {
    expect(exitOfError(new AnodeError(code, "x"))).toBe(exit);
  });

  it("gives a code it does not know that of its status", () => {
    const newer = (status: number): AnodeError => new AnodeError("no_such_code" as "internal", "x", { status });
    expect([404, 429, 500].map((status) => exitOfError(newer(status)))).toEqual([4, 8, 1]);
  });

  it("takes the exit code of a daemon that does not start, and 1 for anything else", () => {
    expect([exitOfError(Object.assign(new Error("x"), { exit: 78 })), exitOfError(new Error("x")), exitOfError(undefined)]).toEqual([
      78, 1, 1,
    ]);
  });
});

describe("exitOfRun", () => {
  it("tells the four endings apart", () => {
    expect(["completed", "failed", "canceled", "interrupted"].map(exitOfRun)).toEqual([0, 1, 5, 9]);
  });

  it("knows which statuses are endings", () => {
    expect(["queued", "running", "waiting", undefined, "constructor"].filter(isEnded)).toEqual([]);
  });
});
