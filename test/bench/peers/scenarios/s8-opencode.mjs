// The same against OpenCode's server: its native program, without the launcher that npm puts before it.
import { join } from "node:path";
import { installed } from "../lib/packages.mjs";
import { compareStarts, freePort } from "../lib/start-rows.mjs";

await compareStarts({
  peer: "opencode",
  seconds: 9,
  startGoal: 1 / 30,
  memoryGoal: 1 / 4,
  program: async () => {
    const port = await freePort();
    return {
      file: join(installed("opencode"), `node_modules/opencode-${process.platform}-${process.arch}/bin/opencode`),
      args: ["serve", "--hostname", "127.0.0.1", "--port", String(port)],
      address: { host: "127.0.0.1", port },
      target: "/global/health",
    };
  },
});
