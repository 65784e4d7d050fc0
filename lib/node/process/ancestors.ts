import { type ProcessInfo, type ProcessReader, isDead } from "./identity.js";
import { systemReader } from "./process-reader.js";

/** The processes above one, its parent first; without the system's own first one. */
export function ancestorsOf(pid: number, reader: ProcessReader = systemReader()): readonly ProcessInfo[] {
  const above: ProcessInfo[] = [];
  for (let next = reader.read(pid)?.ppid ?? 0; next > 1; ) {
    const info = reader.read(next);
    if (!info || isDead(info) || above.some((one) => one.pid === info.pid)) break;
    above.push(info);
    next = info.ppid;
  }
  return above;
}
