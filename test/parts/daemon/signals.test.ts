import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { sourceArguments } from "../../support/sqlite.js";

const runDaemon = new URL("../../../adapters/daemon/run-daemon.ts", import.meta.url).href;

/** How a program ends that runs a daemon, with a home that is a file or is not there yet. */
function endOf(lines: string, isFile = false) {
  const root = mkdtempSync(join(tmpdir(), "anode-signals-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const home = join(root, "home");
  if (isFile) writeFileSync(home, "no folder");
  const script = `import { runDaemon } from ${JSON.stringify(runDaemon)}; ${lines}`;
  const { status, signal } = spawnSync(process.execPath, [...sourceArguments, "--input-type=module", "-e", script], {
    env: { PATH: process.env["PATH"], HOME: root, ANODE_HOME: home },
    stdio: "ignore",
    timeout: 15_000,
    killSignal: "SIGKILL",
  });
  return { status, signal };
}

it("keeps its exit status when a signal comes in its last moment", () => {
  const lines = `const status = await runDaemon();
    process.kill(process.pid, "SIGTERM");
    setTimeout(() => process.exit(status), 100);`;
  expect(endOf(lines, true)).toEqual({ status: 78, signal: null });
});

it("ends at one signal while its start waits in vain", () => {
  const lines = `import { Worker } from "node:worker_threads";
    const sqliteWorker = new Worker("setInterval(() => {}, 1_000)", { eval: true });
    setTimeout(() => process.kill(process.pid, "SIGTERM"), 100);
    process.exit(await runDaemon({ sqliteWorker }));`;
  expect(endOf(lines)).toEqual({ status: 1, signal: null });
});
