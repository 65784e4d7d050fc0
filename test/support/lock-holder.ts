import { writeSync } from "node:fs";
import type { AnodeError } from "../../lib/errors.js";
import { acquireLock } from "../../lib/node/sqlite/store-lock.js";

// lock-holder <path> <start, Unix ms>: tries for the lock, prints how it went, and stays until its input ends.
const [path = "", startMs = "0"] = process.argv.slice(2);
while (Date.now() < Number(startMs));
try {
  acquireLock(path);
  writeSync(1, "held\n");
} catch (error) {
  const { code, details } = error as AnodeError;
  writeSync(1, `${code} ${String(details?.["reason"])} ${String(details?.["owner_pid"])}\n`);
}
process.stdin.resume();
