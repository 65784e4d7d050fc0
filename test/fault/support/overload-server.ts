// overload-server.ts <socket path | -> [parse-first]: serves runs that take no time at a Unix socket, or nothing at all, and tells at
// each line of its input how late its loop was: `<p99.9 in ms> <resident bytes>`.
import { createServer } from "node:http";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { createHandler, createNodeDoor } from "../../../adapters/http/index.js";
import { allScopes } from "../../../lib/caller.js";
import { functionExecutor } from "../../../lib/runs/function-executor.js";
import { RunManager } from "../../../lib/runs/manager.js";
import { parsesFirst } from "../../support/mutants/wrong-doors.js";

const [path = "-", mutant] = process.argv.slice(2);
if (path !== "-") {
  const executor = functionExecutor(async ({ emit }) => void (await emit("turn.started", { turn: 1 })));
  const manager = new RunManager({ executors: { main: executor }, profiles: { craft: { executor: "main" } }, queueLimit: 100 });
  await manager.open();
  const handle = createHandler({ manager, hosts: [], authenticate: () => ({ id: "owner", door: "unix", scopes: allScopes }) });
  const door = createNodeDoor(mutant === "parse-first" ? parsesFirst(handle) : handle, { kind: "unix", hosts: [], origins: [] });
  const server = createServer(door.serverOptions);
  door.attach(server);
  await new Promise<void>((resolve) => server.listen({ path }, resolve));
}
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
createInterface(process.stdin).on("line", () => {
  // The resolution is part of every measured delay.
  console.log(`${delay.percentile(99.9) / 1e6 - 5} ${process.memoryUsage.rss()}`);
  delay.reset();
});
console.log("ready");
