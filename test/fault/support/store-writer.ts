import { openSync, statSync, writeSync } from "node:fs";
import type { AnodeError } from "../../../lib/errors.js";
import { openSqliteStore } from "../../../lib/node/sqlite/sqlite-store.js";
import type { Batch, Store } from "../../../lib/store/store.js";
import { mutated, workerWith } from "./store-mutants.js";
import { progress, Workload } from "./store-workload.js";

/** What a writer does; handed over as JSON. */
export interface WriterPlan {
  readonly path: string;
  /** Decides the operations. */
  readonly seed: number;
  /** Commits under way at once. */
  readonly inFlight: number;
  /** So many operations, 0 = without end; or a pause until the store has tidied up; or a new opening; or a sudden death. */
  readonly steps: readonly (number | "tidy" | "reopen" | "die")[];
  /** A planted bug. */
  readonly bug?: string | undefined;
  /** Where to say how it goes. @defaultValue standard output */
  readonly to?: string;
}

// store-writer <plan>...: goes on where each store ended, and says one line for each thing that became certain:
// "open <op> <journal mode> <synchronous>", "ack <op>", "error <op> <code>", "closed".
const tidyMs = 1_000;
await Promise.all(process.argv.slice(2).map((text) => work(JSON.parse(text) as WriterPlan)));

async function work(plan: WriterPlan): Promise<void> {
  const out = plan.to === undefined ? 1 : openSync(plan.to, "a");
  const say = (line: string): void => sayTo(out, line);
  const workload = new Workload(plan.seed);
  let failures = 0;
  let store = await open();
  for (const step of plan.steps) {
    if (step === "tidy") await tidied();
    else if (step === "die") process.kill(process.pid, "SIGKILL");
    else if (step === "reopen") {
      await store.close();
      say("closed");
      store = await open();
    } else await write(step);
  }
  await store.close();
  say("closed");

  async function open(): Promise<Store> {
    try {
      const { path, bug } = plan;
      const opened = await openSqliteStore({ path, worker: workerWith(bug), onFailed: () => void (failures += 1) });
      const record = (await opened.get(progress.collection, progress.id))?.record as { op: number } | undefined;
      workload.advanceTo(record?.op ?? 0);
      say(`open ${workload.op} ${opened.settings.journal_mode} ${opened.settings.synchronous}`);
      return await mutated(opened, bug);
    } catch (error) {
      say(`refused ${(error as AnodeError).code}`);
      process.exit(74);
    }
  }

  async function write(count: number): Promise<void> {
    const underWay: Promise<void>[] = [];
    for (let index = 0; count === 0 || index < count; index += 1) {
      const batch = workload.next();
      underWay.push(commit(batch, workload.op));
      if (underWay.length >= plan.inFlight) await underWay.shift();
    }
    await Promise.all(underWay);
  }

  /** A full disk may be full for a moment only. */
  async function commit(batch: Batch, op: number, attempts = 3): Promise<void> {
    try {
      await store.commit(batch);
      say(`ack ${op}`);
    } catch (error) {
      const { code } = error as AnodeError;
      say(`error ${op} ${code}`);
      if (code === "storage_full" && attempts > 1) return commit(batch, op, attempts - 1);
      await leave(code);
    }
  }

  /** Says what else the store answers now. */
  async function leave(code: string): Promise<never> {
    const answer = (call: Promise<unknown>): Promise<string> =>
      call.then(
        () => "ok",
        (error: AnodeError) => error.code,
      );
    const again = await answer(store.commit({}));
    const read = await answer(store.get(progress.collection, progress.id));
    say(`after ${code}: commit ${again}, read ${read}, told ${failures}`);
    process.exit(code === "storage_full" ? 0 : 74);
  }

  /** When it is idle, the store moves its log into the file; not on a disk that is full just then. */
  async function tidied(): Promise<void> {
    const changedAt = (): bigint => statSync(plan.path, { bigint: true }).mtimeNs;
    const endMs = performance.now() + tidyMs;
    for (const before = changedAt(); changedAt() === before && failures === 0 && performance.now() < endMs; ) {
      await new Promise((resolve) => {
        setTimeout(resolve, 5);
      });
    }
  }
}

function sayTo(out: number, line: string): void {
  try {
    writeSync(out, `${line}\n`);
  } catch (error) {
    // The reader is behind; what is certain stays certain until it has been said.
    if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    sayTo(out, line);
  }
}
