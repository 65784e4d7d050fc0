import type { Host } from "../host.js";
import type { Limits } from "../limits.js";
import { formatTime, parseTime } from "../system-host.js";
import type { BlobStore } from "./blob-store.js";
import { attachmentCollection, type AttachmentJournal, type AttachmentRecord } from "./record.js";

/** A record and the revision it has in the store. */
export interface Entry {
  record: AttachmentRecord;
  revision: number;
}

/** What a sweeper works on. */
export interface SweeperParts {
  readonly journal: Pick<AttachmentJournal, "append">;
  readonly host: Host;
  readonly limits: Limits;
  readonly blobs: BlobStore;
  readonly entries: Map<string, Entry>;
  inUse(id: string): boolean;
  /** True while the blob is written whose record is still to come. */
  isArriving(id: string): boolean;
  /** Learns that an attachment has ended. */
  gone(record: AttachmentRecord): void;
}

/** Time from one sweep to the next. */
export const sweepEveryMs = 3_600_000;
const stepRecords = 500;

/** Keeps records and bytes in step with time and with each other. */
export class Sweeper {
  readonly #parts: SweeperParts;
  #running: Promise<void> | undefined;

  constructor(parts: SweeperParts) {
    this.#parts = parts;
  }

  /** One sweep; who asks during one gets that one. */
  sweep(): Promise<void> {
    this.#running ??= this.#sweep().finally(() => (this.#running = undefined));
    return this.#running;
  }

  /** Removes bytes; where that fails, the next sweep tries again. */
  async removeBlob(id: string): Promise<void> {
    try {
      await this.#parts.blobs.remove(id);
    } catch (error) {
      this.#parts.host.log("warn", "attachments.remove_failed", { id, error: String(error) });
    }
  }

  async #sweep(): Promise<void> {
    const { blobs, entries, isArriving } = this.#parts;
    const known = [...entries.values()];
    const stored = new Set(await blobs.list());
    for (let at = 0; at < known.length; at += stepRecords) await this.#step(known.slice(at, at + stepRecords), stored);
    for (const id of stored) {
      const entry = entries.get(id);
      if (!isArriving(id) && (!entry || entry.record.gone_at !== undefined)) await this.removeBlob(id);
    }
  }

  /** Judges and records without a pause between: what is ended here cannot be referred to meanwhile. */
  async #step(entries: readonly Entry[], stored: ReadonlySet<string>): Promise<void> {
    const { journal } = this.#parts;
    const judged = entries.map((entry) => [entry, this.#judge(entry, stored)] as const);
    const changed = judged.flatMap(([entry, next]) => (next === undefined || next === "forget" ? [] : [{ entry, record: next }]));
    const forgotten = judged.flatMap(([{ record }, next]) => (next === "forget" ? [record.id] : []));
    if (changed.length + forgotten.length === 0) return;
    const { committed } = journal.append({
      puts: changed.map(({ entry, record }) => ({
        collection: attachmentCollection,
        id: record.id,
        record,
        expectedRevision: entry.revision,
      })),
      deletes: forgotten.map((id) => ({ collection: attachmentCollection, id })),
      // Nothing has happened yet that could not happen an hour later.
      whenFull: "refuse",
    });
    for (const { entry, record } of changed) this.#put(entry, record);
    await committed;
    for (const { entry } of changed) entry.revision += 1;
    for (const id of forgotten) this.#parts.entries.delete(id);
  }

  #put(entry: Entry, record: AttachmentRecord): void {
    if (record.gone_at !== undefined) this.#parts.gone(record);
    entry.record = record;
  }

  /** The record as it should be by now; `undefined` where it is. */
  #judge({ record }: Entry, stored: ReadonlySet<string>): AttachmentRecord | "forget" | undefined {
    const { host, limits, entries, inUse } = this.#parts;
    const { id, gone_at, expires_at } = record;
    const now = host.clock.now();
    if (entries.get(id)?.record !== record) return undefined;
    if (gone_at !== undefined) return parseTime(gone_at) + limits.attachmentMs <= now ? "forget" : undefined;
    const leftMs = parseTime(expires_at) - now;
    if (!stored.has(id) || (leftMs <= 0 && !inUse(id))) return { ...record, gone_at: formatTime(now) };
    // Already now, if the next sweep would come too late.
    return leftMs <= sweepEveryMs && inUse(id) ? { ...record, expires_at: formatTime(now + limits.attachmentMs) } : undefined;
  }
}
