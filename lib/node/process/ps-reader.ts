import { execFileSync } from "node:child_process";
import type { ProcessInfo } from "./identity.js";
import type { ProcessReader } from "./identity.js";

const columns = ["-o", "pid=,ppid=,pgid=,state=,lstart=,comm="];
const line = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\w{3}\s+\w{3}\s+\d+\s+[\d:]+\s+\d{4})\s+(.*)$/;

/** The process table of a POSIX system without `/proc`, through `ps`; start times in seconds, no cookies. */
export function createPsReader(): ProcessReader {
  let boot: string | undefined;
  return {
    seesCookies: false,
    bootId: () => (boot ??= run("sysctl", ["-n", "kern.bootsessionuuid"]).trim() || "unknown"),
    read: (pid) => parsePs(run("ps", ["-p", String(pid), ...columns]))[0],
    list: () => parsePs(run("ps", ["-A", ...columns])),
    bearers: () => [],
    cookie: () => undefined,
    catches: () => false,
  };
}

/** The lines of `ps`, without those that are none. */
export function parsePs(text: string): ProcessInfo[] {
  return text.split("\n").flatMap((row) => {
    const match = line.exec(row);
    if (!match) return [];
    const [, pid, ppid, group, state = "", started = "", name = ""] = match;
    const info = { pid: Number(pid), ppid: Number(ppid), group: Number(group), name, state: state.charAt(0) };
    // Without session numbers the group stands for the session: it is the part of it that can be known.
    return [{ ...info, session: info.group, startTicks: Date.parse(started) / 1000, foreground: state.includes("+") }];
  });
}

function run(program: string, args: readonly string[]): string {
  try {
    return execFileSync(program, args, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      env: { PATH: process.env["PATH"], LC_ALL: "C" },
    });
  } catch {
    return "";
  }
}
