// Starts a child at each level and prints the descriptors it was born with.
import { createContainment } from "../../lib/node/process/containment.js";
import { levelNames } from "../../lib/node/process/levels/level.js";
import { createProcessExecutor } from "../../lib/node/process/process-executor.js";
import { systemHost } from "../../lib/system-host.js";
import { createFakeRun } from "./run-context.js";

const containment = createContainment({ storeId: "descriptors" });
const { levels } = await containment.report();
for (const level of levelNames.filter((name) => levels[name].available)) {
  // The shell lists its own descriptors, the one it reads the folder with left out, and those behind which is nothing.
  const run = createFakeRun({
    argv: [
      "/bin/sh",
      "-c",
      'cd /proc/$$/fd && for fd in *; do [ -e "$fd" ] && [ "$(readlink $fd)" != /dev/null ] && printf " %s" "$fd"; done',
    ],
    stdin: "",
  });
  await createProcessExecutor({ host: systemHost, containment, level }).execute(run.context);
  console.log(`${level}:${run.output("stdout")}`);
}
