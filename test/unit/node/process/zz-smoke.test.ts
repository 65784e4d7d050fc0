import { it } from "vitest";
import { createProcessExecutor } from "/work/main/lib/node/process/process-executor.js";
import { createContainment } from "/work/main/lib/node/process/containment.js";
import { systemHost } from "/work/main/lib/system-host.js";
import { createFakeRun } from "/work/main/test/support/run-context.js";
it("smoke", async () => {
  console.log(JSON.stringify(await createContainment({storeId:"s1"}).report(), null, 1));
  for (const level of ["group","group+cookie","pidns","cgroup"] as const) {
    const executor = createProcessExecutor({ host: systemHost, storeId: "smoke", level });
    const run = createFakeRun({ argv: ["sh","-c","echo out; echo err >&2; cat; kill -INT $$; exit 3"], stdin: "in\n" });
    await executor.prepare?.(run.context.request, {});
    const t = performance.now();
    const outcome = await executor.execute(run.context);
    console.log(level, Math.round(performance.now()-t), JSON.stringify(outcome), JSON.stringify(run.events.map(e=>[e.type,e.payload])));
    const r2 = createFakeRun({ argv: ["true"] });
    const t2 = performance.now();
    await executor.execute(r2.context);
    console.log(Math.round(performance.now()-t2), r2.events.length);
    const r3 = createFakeRun({ argv: ["sh","-c","sleep 100 & sleep 50"] });
    const p = executor.execute(r3.context);
    await r3.seen(e=>e.type==="process.started");
    const t3 = performance.now();
    r3.abort();
    console.log(JSON.stringify(await p), Math.round(performance.now()-t3), JSON.stringify(r3.events.map(e=>[e.type, e.type==="process.started"?0:e.payload])));
    await executor.close?.();
  }
  const executor = createProcessExecutor({ host: systemHost, storeId: "smoke" });
  const r = createFakeRun({ argv: ["sh","-c","tty; stty size; read x; echo got $x"], pty: true });
  await executor.prepare?.(r.context.request, {});
  const p = executor.execute(r.context);
  await r.seen(e=>e.type==="process.output");
  await r.say("hello");
  console.log(JSON.stringify(await p), JSON.stringify(r.events.map(e=>[e.type,e.payload])));
}, 60000);
