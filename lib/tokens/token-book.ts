import type { CancelTimer, Clock } from "../host.js";
import { everyRecord } from "../store/every-record.js";
import type { Delete, Store } from "../store/store.js";
import { parseTime } from "../system-host.js";
import type { TokenRecord } from "./record.js";

/** A token and, where it is refreshed, those that came and come of it. */
export interface Entry {
  readonly record: TokenRecord;
  lastUsedMs: number | undefined;
}

/** A text that a caller can show: the token of an entry, or for a while the one before it. */
export interface Access {
  readonly entry: Entry;
  readonly expiresAt: string | undefined;
  /** Aborts what was opened with the token when it ends. */
  readonly ended: AbortController;
}

interface KeptEntry extends Entry {
  record: TokenRecord;
  revision: number;
  /** Settles when the last change that was asked for is stored, or was refused. */
  changed: Promise<unknown>;
  readonly accesses: Map<string, KeptAccess>;
}

interface KeptAccess extends Access {
  cancelExpiry: CancelTimer;
}

const collection = "tokens";

/** The records of tokens, whose only writer this is: stored before they count, and what follows from them: which texts hold, and until when. */
export class TokenBook {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #entries = new Map<string, KeptEntry>();
  readonly #byDigest = new Map<string, Access>();
  readonly #byFamily = new Map<string, Entry>();

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Loads what is stored. */
  async open(): Promise<void> {
    for await (const { revision, record } of everyRecord(this.#store, collection)) this.#keep(record as TokenRecord, revision);
  }

  get(id: string): Entry | undefined {
    return this.#entries.get(id);
  }

  byDigest(digest: string): Access | undefined {
    return this.#byDigest.get(digest);
  }

  byFamily(digest: string): Entry | undefined {
    return this.#byFamily.get(digest);
  }

  /** All of them, the first made first. */
  values(): Entry[] {
    return [...this.#entries.values()];
  }

  /** Stores a token; in its place `over` go, at once. */
  async add(record: TokenRecord, over: readonly Entry[] = []): Promise<void> {
    const deletes = this.#forget(over);
    await this.#store.commit({ puts: [{ collection, id: record.id, record, expectedRevision: 0 }], deletes });
    this.#keep(record, 1);
  }

  /**
   * Changes a record, each time on what the change before has stored. Gives the record as it is then.
   * @param next - the record as it shall be; the same one = no change
   */
  change(given: Entry, next: (known: TokenRecord) => TokenRecord): Promise<TokenRecord> {
    const entry = given as KeptEntry;
    const { id } = entry.record;
    const change = entry.changed.then(async () => {
      const record = next(entry.record);
      if (record === entry.record || this.#entries.get(id) !== entry) return record;
      await this.#store.commit({ puts: [{ collection, id, record, expectedRevision: entry.revision }] });
      entry.record = record;
      entry.revision += 1;
      if (this.#entries.get(id) === entry) this.#follow(entry);
      return record;
    });
    entry.changed = change.catch(() => {});
    return change;
  }

  /** Ends them here at once, and then in the store. */
  async remove(entries: readonly Entry[]): Promise<void> {
    if (entries.length > 0) await this.#store.commit({ deletes: this.#forget(entries) });
  }

  close(): void {
    for (const { accesses } of this.#entries.values()) for (const access of accesses.values()) access.cancelExpiry();
  }

  #keep(record: TokenRecord, revision: number): void {
    const entry: KeptEntry = { record, revision, lastUsedMs: undefined, changed: Promise.resolve(), accesses: new Map() };
    this.#entries.set(record.id, entry);
    this.#follow(entry);
  }

  #forget(entries: readonly Entry[]): Delete[] {
    return (entries as readonly KeptEntry[]).map((entry) => {
      const { id, refresh } = entry.record;
      this.#entries.delete(id);
      if (refresh) this.#byFamily.delete(refresh.family);
      for (const digest of entry.accesses.keys()) this.#drop(entry, digest);
      return { collection, id };
    });
  }

  /** Holds the texts that the record speaks of, and no others. */
  #follow(entry: KeptEntry): void {
    const { digest, expires_at, refresh, revoked_at } = entry.record;
    const held = new Map([[digest, expires_at]]);
    if (refresh?.last) held.set(refresh.last.access, refresh.last.access_expires_at);
    for (const known of entry.accesses.keys()) if (!held.has(known)) this.#drop(entry, known);
    for (const [wanted, expiresAt] of held) if (!entry.accesses.has(wanted)) this.#hold(entry, wanted, expiresAt);
    if (refresh) this.#byFamily.set(refresh.family, entry);
    if (revoked_at !== undefined) for (const { ended } of entry.accesses.values()) ended.abort();
  }

  #hold(entry: KeptEntry, digest: string, expiresAt: string | undefined): void {
    const access: KeptAccess = { entry, expiresAt, ended: new AbortController(), cancelExpiry: () => {} };
    entry.accesses.set(digest, access);
    this.#byDigest.set(digest, access);
    this.#armExpiry(access);
  }

  #drop(entry: KeptEntry, digest: string): void {
    const access = entry.accesses.get(digest);
    entry.accesses.delete(digest);
    this.#byDigest.delete(digest);
    access?.cancelExpiry();
    access?.ended.abort();
  }

  #armExpiry(access: KeptAccess): void {
    const leftMs = endOf(access) - this.#clock.now();
    const look = (): void => (endOf(access) <= this.#clock.now() ? access.ended.abort() : this.#armExpiry(access));
    access.cancelExpiry = this.#clock.schedule(look, Math.min(Math.max(0, leftMs), 2 ** 31 - 1));
  }
}

/** When a token ends by itself, Unix milliseconds. */
export function endOf({ entry: { record, lastUsedMs = 0 }, expiresAt }: Access): number {
  if (expiresAt !== undefined) return parseTime(expiresAt);
  const { idle_ttl_ms, used_at, created_at } = record;
  return Math.max(lastUsedMs, parseTime(used_at ?? created_at)) + (idle_ttl_ms ?? 0);
}
