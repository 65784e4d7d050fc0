import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "anode-bench-"));
let count = 0;

process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
// Ended by a signal, a program would not come to that.
for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

/** A path that nothing has used yet, in a folder that goes with this program. */
export function freshPath(name) {
  count += 1;
  return join(folder, `${count}-${name}`);
}
