import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { partPath } from "./product.mjs";

const lookMs = 1;
const longestMs = 10_000;

/** The built program. @throws NotPresent */
export function programPath() {
  return partPath("program/anode.cjs");
}

/** A home folder as the program makes it, which goes with this process. */
export function freshHome() {
  const path = mkdtempSync(join(tmpdir(), "anode-bench-home-"));
  process.once("exit", () => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The variables of a program whose home is `home`. */
export function homeEnvironment(home) {
  return { PATH: process.env.PATH, HOME: home, ANODE_HOME: home };
}

/** Starts a program and waits for its first answer to a request on its socket. */
export async function startListening({ args, env, socketPath }) {
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: "ignore" });
  const exited = once(child, "exit");
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  await answered(socketPath, startedAt);
  const startMs = performance.now() - startedAt;
  return {
    startMs,
    /** Resident megabytes now. */
    memory: () => Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, "latin1"))[1]) / 1024,
    async end() {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 3_000);
      await exited;
      clearTimeout(timer);
      process.off("exit", kill);
    },
  };
}

async function answered(socketPath, startedAt) {
  while (performance.now() - startedAt < longestMs) {
    if (await asked(socketPath)) return;
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
  throw new Error(`nothing answered at ${socketPath} within ${longestMs} ms`);
}

/** True when a request for the health gets a 200. */
function asked(socketPath) {
  return new Promise((resolve) => {
    const socket = connect({ path: socketPath });
    socket.once("connect", () => socket.write("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    socket.once("data", (bytes) => {
      socket.destroy();
      resolve(bytes.latin1Slice(0, 12) === "HTTP/1.1 200");
    });
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
  });
}
