import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { once } from "node:events";
import { partPath } from "./product.mjs";
import { freshPath } from "./temporary-folder.mjs";

const lookMs = 1;
const answerMs = 250;
const longestMs = 10_000;

/** The built program. @throws NotPresent */
export function programPath() {
  return partPath("program/anode.cjs");
}

/** A home folder as the program makes it, which goes with this process. */
export function freshHome() {
  const path = freshPath("home");
  mkdirSync(path, { mode: 0o700 });
  return path;
}

/** The variables of a program whose home is `home`. */
export function homeEnvironment(home) {
  return { PATH: process.env.PATH, HOME: home, ANODE_HOME: home };
}

/**
 * Starts a program and waits for its first answer, a 200 if no other status is named, at its address: a Unix socket, or a host and a port.
 * It has a process group of its own, so that what it starts is counted, and ends, with it.
 */
export async function startListening({
  file = process.execPath,
  args,
  cwd,
  env,
  socketPath,
  address = { path: socketPath },
  target,
  status,
}) {
  const startedAt = performance.now();
  const child = spawn(file, args, { cwd, env, stdio: "ignore", detached: true });
  const exited = once(child, "exit");
  const signal = (name) => child.exitCode ?? child.signalCode ?? process.kill(-Number(child.pid), name);
  const kill = () => signal("SIGKILL");
  process.once("exit", kill);
  await answered({ address, target, status }, startedAt);
  const startMs = performance.now() - startedAt;
  return {
    startMs,
    /** Resident megabytes of all its processes now. */
    memory: () => groupMemory(child.pid, "VmRSS"),
    /** The most that each of its processes ever had, added up. */
    peakMemory: () => groupMemory(child.pid, "VmHWM"),
    async end() {
      signal("SIGTERM");
      const timer = setTimeout(kill, 3_000);
      await exited;
      clearTimeout(timer);
      process.off("exit", kill);
    },
  };
}

/** Megabytes of a line of the status of each process of a group, added up. */
function groupMemory(group, line) {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && groupOf(name) === group);
  const kilobytes = new RegExp(`^${line}:\\s*(\\d+)`, "m");
  return pids.reduce((sum, pid) => sum + Number(kilobytes.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0), 0) / 1024;
}

/** The process group of a process; 0 when it is gone. */
function groupOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]);
  } catch {
    return 0;
  }
}

async function answered(place, startedAt) {
  while (performance.now() - startedAt < longestMs) {
    if (await asked(place)) return;
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
  throw new Error(`nothing answered at ${JSON.stringify(place)} within ${longestMs} ms`);
}

/** True when a request for the health gets the status of a server that is ready. */
function asked({ address, target = "/health", status = 200 }) {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.once("connect", () => socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`));
    socket.once("data", (bytes) => {
      socket.destroy();
      resolve(bytes.latin1Slice(0, 12) === `HTTP/1.1 ${status}`);
    });
    // A server that is not ready may take a request and never answer it.
    socket.setTimeout(answerMs, () => socket.destroy());
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
  });
}
