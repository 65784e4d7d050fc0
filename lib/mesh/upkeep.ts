import { askCollection } from "../asks/ask-book.js";
import type { CancelTimer } from "../host.js";
import { messageCollection } from "../messages/mail.js";
import type { RunManager } from "../runs/manager.js";
import { removeOld } from "./retention.js";

const sweepMs = 60_000;
const retentionMs = 3_600_000;

/** Removes what has been over for long, and the oldest of too much. An ask of which more is to come is still needed. */
export async function removeOldOfMesh(
  { store, journal, limits, host }: RunManager,
  isLive: (correlation_id: string) => boolean,
): Promise<void> {
  const kept = { count: limits.meshKept, sinceMs: host.clock.now() - limits.keptMs };
  await removeOld(store, journal, askCollection, { where: { state: ["closed"] }, ...kept, needed: isLive });
  await removeOld(store, journal, messageCollection, {
    where: { delivery_state: ["delivered", "sent", "failed", "expired", "canceled"] },
    ...kept,
  });
}

/** Sweeps every minute and removes what is old every hour, until the returned function is called. */
export function keepUp(
  manager: RunManager,
  { sweep, isLive }: { readonly sweep: () => void; readonly isLive: (correlation_id: string) => boolean },
): () => void {
  const { clock, log } = manager.host;
  const every = (ms: number, task: () => void): (() => void) => {
    let cancel: CancelTimer = () => {};
    const arm = (): void => {
      cancel = clock.schedule(() => {
        arm();
        task();
      }, ms);
    };
    arm();
    return () => cancel();
  };
  const stops = [
    every(sweepMs, sweep),
    every(retentionMs, () => {
      removeOldOfMesh(manager, isLive).catch((error: unknown) => log("warn", "mesh.retention_failed", { error: String(error) }));
    }),
  ];
  return () => stops.forEach((stop) => stop());
}
