// reused-number.ts <rounds> [trusting]: to be run in a pid namespace of its own. In each round a process of ours ends, the kernel gives its
// number to a stranger, and leftovers are swept by the old record. Says how often the number was given again, and how often the stranger was hit.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createContainment } from "../../../lib/node/process/containment.js";
import { sweepLeftovers } from "../../../lib/node/process/leftovers.js";
import { systemReader } from "../../../lib/node/process/process-reader.js";
import { systemHost } from "../../../lib/system-host.js";
import { trustsThePid } from "../../support/mutants/wrong-containments.js";

const [rounds = "1", mutant] = process.argv.slice(2);
const reader = systemReader();
const storeId = "reused";
const sleeper = (): ChildProcess => spawn("/bin/sleep", ["60"], { detached: true, stdio: "ignore" });

async function ended(child: ChildProcess): Promise<void> {
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

let [reused, hit] = [0, 0];
for (let round = 0; round < Number(rounds); round += 1) {
  const ours = sleeper();
  const pid = ours.pid ?? 0;
  const recorded = [{ run_id: "R-1", pid, start_ticks: reader.read(pid)?.startTicks ?? 0, boot_id: reader.bootId() }];
  await ended(ours);
  // The kernel counts starts in ticks of 10 ms.
  await new Promise((resolve) => setTimeout(resolve, 20));
  writeFileSync("/proc/sys/kernel/ns_last_pid", String(pid - 1));
  const stranger = sleeper();
  if (stranger.pid === pid) reused += 1;
  const table = mutant === "trusting" ? { table: trustsThePid(reader, recorded) } : {};
  await sweepLeftovers({
    storeId,
    recorded,
    clock: systemHost.clock,
    politeMs: 10,
    containment: { ...createContainment({ storeId }), ...table },
  });
  await new Promise((resolve) => setImmediate(resolve));
  if (stranger.exitCode !== null || stranger.signalCode !== null) hit += 1;
  else await ended(stranger);
}
console.log(JSON.stringify({ reused, hit }));
