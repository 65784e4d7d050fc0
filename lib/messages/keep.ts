import type { MeshParts } from "../peers/registry.js";
import { everyRecord } from "../store/records.js";
import { formatTime } from "../system-host.js";

/** What of a collection is kept. */
export interface Keeping {
  readonly collection: string;
  /** A field with a few texts, of which every record has one; for counting. */
  readonly field: string;
  /** True for what may go: nothing more will become of it. */
  isOver(record: object): boolean;
}

const mostAtOnce = 500;

/** Drops the oldest records that are over, as far as there are too many or they are too old. */
export async function dropOldest({ store, journal, host, limits }: MeshParts, { collection, field, isOver }: Keeping): Promise<void> {
  const counts = await store.count(collection, field);
  let surplus = Object.values(counts).reduce((sum, count) => sum + count, 0) - limits.meshKept;
  const oldest = formatTime(host.clock.now() - limits.meshKeptMs);
  let gone: string[] = [];
  const drop = async (): Promise<void> => {
    await journal.append({ deletes: gone.map((id) => ({ collection, id })) }).committed;
    gone = [];
  };
  for await (const { id, record } of everyRecord(store, collection)) {
    if (surplus <= 0 && (record as { readonly created_at: string }).created_at >= oldest) break;
    if (!isOver(record)) continue;
    gone.push(id);
    surplus -= 1;
    if (gone.length === mostAtOnce) await drop();
  }
  if (gone.length > 0) await drop();
}
