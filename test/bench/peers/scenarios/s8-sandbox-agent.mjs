// The same against sandbox-agent's server: a native program, started without the launcher that npm puts before it.
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { installed } from "../lib/packages.mjs";
import { compareStarts, freePort } from "../lib/start-rows.mjs";

await compareStarts({
  peer: "sandbox-agent",
  seconds: 5,
  startGoal: 2.25,
  memoryGoal: 1,
  program: async () => {
    const port = await freePort();
    const file = join(installed("sandbox-agent"), `node_modules/@sandbox-agent/cli-${process.platform}-${process.arch}/bin/sandbox-agent`);
    // Its launcher would make it executable.
    chmodSync(file, 0o755);
    return {
      file,
      args: ["server", "--host", "127.0.0.1", "--port", String(port), "--no-token", "--no-telemetry"],
      address: { host: "127.0.0.1", port },
      target: "/v1/health",
    };
  },
});
