import { isDead, type ProcessReader } from "./identity.js";
import { systemReader } from "./process-reader.js";

/** Whether a process is still the one that was meant: a dead one, and another with its number, is not. */
export function isAlive(
  process: { readonly pid: number; readonly started: number },
  reader: ProcessReader = systemReader(),
): "ok" | "fail" {
  const info = reader.read(process.pid);
  return info !== undefined && !isDead(info) && info.startTicks === process.started ? "ok" : "fail";
}
