import { readFileSync, statSync } from "node:fs";

/** A process over time: a number alone is given to others after its death. */
export interface ProcessMark {
  readonly pid: number;
  readonly start_ticks: number;
  readonly boot_id: string;
}

/** True when exactly this process runs, and as our own user. */
export async function isLive(mark: ProcessMark): Promise<boolean> {
  if (mark.pid < 1) return false;
  try {
    return process.platform === "linux" ? isLiveInProc(mark) : await isLiveInPs(mark);
  } catch {
    return false;
  }
}

/** These files are the kernel's memory: a thread to read them in would take longer than the read. */
function isLiveInProc({ pid, start_ticks, boot_id }: ProcessMark): boolean {
  const line = readFileSync(`/proc/${pid}/stat`, "latin1");
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1");
  const owner = statSync(`/proc/${pid}`);
  // The name in brackets is the program's to choose, so the fields count from the last bracket: state first, start 20th.
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const isDead = ["Z", "X", "x"].includes(fields[0] ?? "X");
  return !isDead && Number(fields[19]) === start_ticks && boot.trim() === boot_id && owner.uid === process.getuid?.();
}

/** Systems without `/proc` know the start in seconds, and a boot only ends what that already tells apart. */
async function isLiveInPs({ pid, start_ticks }: ProcessMark): Promise<boolean> {
  const { execFile } = await import("node:child_process");
  const { promisify } = await import("node:util");
  const columns = ["-o", "uid=,lstart="];
  const { stdout } = await promisify(execFile)("ps", ["-p", String(pid), ...columns], { env: { ...process.env, LC_ALL: "C" } });
  const [, uid, started] = /^\s*(\d+)\s+(.+?)\s*$/.exec(stdout) ?? [];
  return Number(uid) === process.getuid?.() && Date.parse(started ?? "") / 1000 === start_ticks;
}
