import { AnodeError } from "../../errors.js";

/** First safe patch of each release line that got the correction; every line after the last one has it. */
const safePatches: Readonly<Record<string, number>> = { "3.44": 6, "3.50": 7, "3.51": 3 };
const firstSafeLine = 52;

/** False for a SQLite in which a reset of the write-ahead log that races a checkpoint can lose committed transactions. */
export function isSafeSqlite(version: string): boolean {
  const match = /^(\d+)\.(\d+)\.(\d+)$/.exec(version);
  if (!match) return false;
  const [major, minor, patch] = match.slice(1).map(Number) as [number, number, number];
  if (major !== 3) return major > 3;
  return minor >= firstSafeLine || patch >= (safePatches[`3.${minor}`] ?? Number.POSITIVE_INFINITY);
}

/** @throws `store_unsafe_version` naming the versions that are safe and the Node.js that carries one */
export function assertSafeSqlite(version: string): void {
  if (isSafeSqlite(version)) return;
  const message =
    `The SQLite store needs SQLite 3.51.3 or newer (or 3.50.7, 3.44.6), this Node.js carries ${version}, which can lose committed data; ` +
    "Node.js 22.22.3, 24.15.0 and 26.0.0 and newer ones of their lines carry a safe one.";
  throw new AnodeError("store_unsafe_version", message, { details: { version } });
}
