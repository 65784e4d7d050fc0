import { AnodeError } from "../errors.js";
import type { Journal } from "../events/journal.js";
import type { Host } from "../host.js";
import type { Desk } from "../questions/desk.js";
import type { ActiveRun } from "./active-run.js";
import type { Admission } from "./admission.js";
import { shutDown } from "./endings.js";

/** What ending runs needs of their manager. */
interface EndParts {
  readonly journal: Journal;
  readonly admission: Admission;
  readonly host: Host;
  readonly desk: Pick<Desk, "endCalls">;
}

const lookMs = 100;

/** Lets runs end by themselves for up to `drainMs`, then interrupts those that are left. Their ends may wait for space. */
export async function endRuns(left: () => readonly ActiveRun[], parts: EndParts, drainMs: number): Promise<void> {
  if (drainMs > 0) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = parts.host.clock.schedule(resolve, drainMs);
    await Promise.race([promise, Promise.allSettled(left().map((run) => run.done))]);
    cancel();
  }
  const ending = left();
  for (const run of ending) {
    parts.admission.remove(run.id);
    run.end(shutDown());
  }
  // Whoever waits for an answer still has a connection on which to hear that there will be none.
  await parts.desk.endCalls("shutdown");
  await endedOrFull(ending, parts).catch(() => {});
}

/** Resolves when the runs have ended. @throws `storage_full` once they are over but their ends cannot be stored */
export async function endedOrFull(runs: readonly ActiveRun[], { journal, host }: EndParts): Promise<void> {
  const { promise: full, reject } = Promise.withResolvers<never>();
  const look = (): void => {
    if (journal.full && runs.every((run) => run.over)) {
      reject(new AnodeError("storage_full", "The processes are gone; the end is recorded when there is space again."));
    } else cancel = host.clock.schedule(look, lookMs);
  };
  let cancel = host.clock.schedule(look, lookMs);
  await Promise.race([Promise.all(runs.map((run) => run.done)), full]).finally(() => cancel());
}
