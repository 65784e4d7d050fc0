// leaving-owner.ts <store id> <level> <folder> <shape…>: starts a run of each shape, says who they are, and waits to be killed.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createProcessExecutor } from "../../lib/node/process/process-executor.js";
import type { LevelName } from "../../lib/node/process/levels/level.js";
import { systemHost } from "../../lib/system-host.js";
import { shapeArgv } from "./process-tree.js";
import { createFakeRun } from "./run-context.js";

const [storeId = "", level = "auto", folder = "", ...shapes] = process.argv.slice(2);
const executor = createProcessExecutor({ host: systemHost, storeId, level: level as LevelName });
const started = shapes.map(async (shape) => {
  const own = join(folder, shape);
  mkdirSync(own);
  const run = createFakeRun({ argv: shapeArgv(shape, own), env: { MARK: folder } }, { id: `R-${shape}` });
  void executor.execute(run.context);
  const { payload } = await run.seen((event) => event.type === "process.started");
  const { pid, start_ticks, boot_id } = payload;
  return { run_id: run.context.run.id, pid, start_ticks, boot_id };
});
console.log(JSON.stringify(await Promise.all(started)));
setInterval(() => {}, 1_000_000);
