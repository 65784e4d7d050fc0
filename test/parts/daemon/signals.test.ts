import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { sourceArguments } from "../../support/sqlite.js";

const runDaemon = new URL("../../../adapters/daemon/run-daemon.ts", import.meta.url).href;

it("keeps its exit status when a signal comes in its last moment", () => {
  const root = mkdtempSync(join(tmpdir(), "anode-signals-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const home = join(root, "home");
  writeFileSync(home, "no folder");
  const script = `import { runDaemon } from ${JSON.stringify(runDaemon)};
    const status = await runDaemon();
    process.kill(process.pid, "SIGTERM");
    setTimeout(() => process.exit(status), 100);`;
  const { status, signal, stderr } = spawnSync(process.execPath, [...sourceArguments, "--input-type=module", "-e", script], {
    env: { PATH: process.env["PATH"], HOME: root, ANODE_HOME: home },
    encoding: "utf8",
  });
  expect({ status, signal }, stderr).toEqual({ status: 78, signal: null });
});
