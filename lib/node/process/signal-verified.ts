import { isDead } from "./identity.js";
import type { Members } from "./members.js";
import type { ProcessReader } from "./identity.js";

/**
 * Sends a signal to a member of a run's tree, after making sure in the same synchronous block that the pid still means
 * that very process. The only caller of `process.kill`.
 * @returns false when nothing was sent: not a member, already ended, not permitted, or never to be touched (pid 1,
 * ourselves, our parent)
 */
export function signalVerified(reader: ProcessReader, members: Members, pid: number, signal: NodeJS.Signals): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 1 || pid === process.pid || pid === process.ppid) return false;
  const member = members.get(pid);
  if (!member) return false;
  const now = reader.read(pid);
  if (!now || isDead(now) || now.startTicks !== member.startTicks) return false;
  try {
    return process.kill(pid, signal);
  } catch {
    // ESRCH: it ended in this instant. EPERM: it became another user's; the sweep names it as left over.
    return false;
  }
}
