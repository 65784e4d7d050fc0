import { AnodeError, isAnodeError } from "../../errors.js";
import { messageOf } from "../../thrown.js";

const codes = { busy: 5, full: 13, readOnlyRollback: 776, ioErrorWrite: 778, ioErrorShmSize: 4874 };
const noSpace = new Set(["ENOSPC", "EDQUOT"]);

function errcodeOf(error: unknown): number | undefined {
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === "number" ? errcode : undefined;
}

/** True when another connection holds the lock. */
export function isBusy(error: unknown): boolean {
  return ((errcodeOf(error) ?? 0) & 0xff) === codes.busy;
}

/** True when a connection that may only read met a change that was begun and neither finished nor undone. */
export function isUnfinishedChange(error: unknown): boolean {
  return errcodeOf(error) === codes.readOnlyRollback;
}

/**
 * What a failed call of SQLite means for the store: `storage_full` when there is no space, else `store_failed`.
 * `probe` writes to the folder and returns the system's error code: SQLite reports a quota as a plain write error.
 */
export function toStoreError(error: unknown, probe: () => string | undefined): AnodeError {
  if (isAnodeError(error)) return error;
  const errcode = errcodeOf(error);
  const isWriteError = errcode === codes.ioErrorWrite || errcode === codes.ioErrorShmSize;
  const isFull = errcode === codes.full || (isWriteError && noSpace.has(probe() ?? ""));
  if (isFull) return new AnodeError("storage_full", "The store needs space for this change, there is none left.", { cause: error });
  const text = messageOf(error);
  return new AnodeError("store_failed", `The store's file failed: ${text}.`, {
    cause: error,
    details: errcode === undefined ? {} : { sqlite_code: errcode },
  });
}
