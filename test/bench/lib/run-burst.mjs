// Runs in bursts, from start to completed, in this process.
import { core } from "./product.mjs";
import { eventType, samplePayload } from "./sample-event.mjs";

export const burst = 1_000;
export const concurrency = 10;
export const eventsPerRun = 20;

/** Runs a second of a manager of its own, started in bursts. */
export async function runRate(bursts, work) {
  const manager = await openManager(work);
  const perSecond = await rate(bursts * burst, async () => {
    for (let i = 0; i < bursts; i += 1) await runBurst(manager);
  });
  await manager.close();
  return perSecond;
}

export async function openManager(work, limits = {}) {
  const { RunManager, functionExecutor } = await core();
  const manager = new RunManager({
    executors: { bench: functionExecutor(work) },
    profiles: { craft: { executor: "bench" } },
    concurrency,
    queueLimit: burst,
    limits,
  });
  await manager.open();
  return manager;
}

export async function runBurst(manager) {
  const start = async () => {
    const run = await manager.start({ prompt: "bench" });
    return run.done();
  };
  const runs = await Promise.all(Array.from({ length: burst }, start));
  const failed = runs.find(({ status }) => status !== "completed");
  if (failed) throw new Error(`a run ended as ${failed.status}: ${failed.error}`);
}

/** Work that keeps {@link eventsPerRun} events. */
export async function emitAll({ emit }) {
  let last;
  for (let seq = 1; seq <= eventsPerRun; seq += 1) last = emit(eventType, samplePayload(seq));
  await last;
}

/** How many a second `work` does, of which there are `count`. */
export async function rate(count, work) {
  const startedAt = performance.now();
  await work();
  return count / ((performance.now() - startedAt) / 1000);
}
