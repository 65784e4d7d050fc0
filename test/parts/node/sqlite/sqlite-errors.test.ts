import { describe, expect, it } from "vitest";
import { AnodeError } from "../../../../lib/errors.js";
import { toStoreError } from "../../../../lib/node/sqlite/sqlite-errors.js";

const sqliteError = (errcode: number): Error => Object.assign(new Error("it failed"), { code: "ERR_SQLITE_ERROR", errcode });

describe("toStoreError", () => {
  it.each([
    ["no space", 13, undefined, "storage_full"],
    ["a write error while the disk is full", 778, "ENOSPC", "storage_full"],
    ["a write error while the quota is used up", 778, "EDQUOT", "storage_full"],
    ["a shared memory file that cannot grow on a full disk", 4874, "ENOSPC", "storage_full"],
    ["a write error on a disk that takes writes", 778, undefined, "store_failed"],
    ["a write error on a broken disk", 778, "EIO", "store_failed"],
    ["a sync error, even on a full disk", 1034, "ENOSPC", "store_failed"],
    ["corruption", 11, undefined, "store_failed"],
    ["a file that is no database", 26, undefined, "store_failed"],
    ["a lock that was not given", 5, undefined, "store_failed"],
  ])("takes %s for what it is", (_, errcode, probe, code) => {
    expect(toStoreError(sqliteError(errcode), () => probe).code).toBe(code);
  });

  it("takes any other throw for a failed store and leaves our own errors as they are", () => {
    const stale = new AnodeError("stale_commit", "Overtaken.");
    expect(toStoreError(stale, () => undefined)).toBe(stale);
    expect(toStoreError(new TypeError("defect"), () => undefined)).toMatchObject({ code: "store_failed", cause: expect.any(TypeError) });
  });
});
