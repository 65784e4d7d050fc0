import { constants } from "node:os";
import { expect, it } from "vitest";
import { exitOf, refusedByStore, StartRefused } from "../../../adapters/daemon/start-refused.js";
import { AnodeError } from "../../../lib/errors.js";

const systemError = (name: "EIO" | "EDQUOT" | "EROFS"): Error =>
  Object.assign(new Error(`${name}: rename`), { syscall: "rename", errno: -constants.errno[name] });

it.each([
  ["a refusal as it says", new StartRefused(78, "no"), 78],
  ["a store that is lost during the recovery", new AnodeError("store_failed", "gone"), 74],
  ["a disk that is full during the recovery", new AnodeError("storage_full", "full"), 74],
  ["a store that another holds", refusedByStore(new AnodeError("store_failed", "held", { details: { reason: "locked" } }), "x.db"), 75],
  ["wrong input as any command", new AnodeError("invalid_request", "no"), 2],
  ["a file of the home that the disk fails", systemError("EIO"), 74],
  ["a file of the home for which there is no quota", systemError("EDQUOT"), 74],
  ["a file of the home that cannot be had", systemError("EROFS"), 78],
  ["what nobody knows", new Error("x"), 1],
])("a start that fails ends with the status of %s", (_name, error, exit) => {
  expect(exitOf(error)).toBe(exit);
});

it.each([new AnodeError("store_failed", "The store's file failed: read-only."), new Error("unable to open database file")])(
  "a store that does not open is named: %s",
  (error) => {
    expect((refusedByStore(error, "/home/a/x.db") as StartRefused).message).toContain("/home/a/x.db");
  },
);
