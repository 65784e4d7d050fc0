import { canonicalJson } from "../canonical-json.js";
import { AnodeError, isAnodeError } from "../errors.js";
import type { Host } from "../host.js";
import type { Limits } from "../limits.js";
import { everyRecord } from "./every-record.js";
import type { Delete, Put, Store, Stored } from "./store.js";

/** The store's collection of idempotency entries. */
export const idempotencyCollection = "idempotency";

/** What a finished call answered. */
export interface StoredReply {
  readonly status: number;
  readonly body: unknown;
}

interface Entry extends StoredReply {
  /** Of the scope. Absent in entries of former times, whose id it is. */
  readonly digest?: string;
  readonly fingerprint: string;
  readonly at_ms: number;
}

/** The answer of a call, and whether it is the one given before. */
export interface KeyedReply {
  readonly reply: StoredReply;
  readonly replayed: boolean;
}

/** What a key belongs to: the same key of another caller or for another operation is another key. */
export interface KeyScope {
  readonly callerId: string;
  readonly operation: string;
  readonly key: string;
  /** Everything of the call that must be the same for the same answer. */
  readonly request: unknown;
}

/**
 * Keeps the answers of creating calls, so that a repeat gets the same answer and has no second effect. The id of an entry begins with
 * the time: those of one commit lie side by side in a store's index, where bare digests would each touch a page of their own.
 */
export class IdempotencyKeys {
  readonly #store: Store;
  readonly #host: Host;
  readonly #limits: Limits;
  readonly #remove: (deletes: readonly Delete[]) => Promise<unknown>;
  readonly #running = new Map<string, string>();
  /**
   * By its digest, the id of each entry that the store may know, the oldest first. A fresh key, as nearly every one is, needs no look
   * into the store.
   */
  #ids = new Map<string, string>();
  #knowsAll = false;
  #makesRoom = false;

  /** @param remove - deletes entries for good; it may be refused, and is asked again then */
  constructor(store: Store, host: Host, limits: Limits, remove: (deletes: readonly Delete[]) => Promise<unknown>) {
    this.#store = store;
    this.#host = host;
    this.#limits = limits;
    this.#remove = remove;
  }

  /**
   * Runs the work once per key. `work` gets a function that makes the record to put into the same commit as its effect.
   * @throws `idempotency_in_flight`, `idempotency_mismatch`, and what `work` throws, which is not kept
   */
  async once(scope: KeyScope, work: (entry: (reply: StoredReply) => Put) => Promise<StoredReply>): Promise<KeyedReply> {
    const digest = await this.#host.digest(canonicalJson([scope.callerId, scope.operation, scope.key]));
    const fingerprint = await this.#host.digest(canonicalJson(scope.request));
    const running = this.#running.get(digest);
    if (running !== undefined) throw running === fingerprint ? inFlight() : mismatch();
    this.#running.set(digest, fingerprint);
    try {
      const known = this.#isNew(digest) ? undefined : await this.#find(digest);
      const entry = known?.record as Entry | undefined;
      if (known && entry && entry.at_ms > this.#host.clock.now() - this.#limits.idempotencyMs) {
        if (entry.fingerprint !== fingerprint) throw mismatch();
        return { reply: { status: entry.status, body: entry.body }, replayed: true };
      }
      const { id, revision: expectedRevision } = known ?? { id: `${this.#host.clock.now()}_${digest.slice(0, shownDigits)}`, revision: 0 };
      const put = (reply: StoredReply): Put => ({
        collection: idempotencyCollection,
        id,
        record: { ...reply, digest, fingerprint, at_ms: this.#host.clock.now() } satisfies Entry,
        expectedRevision,
      });
      this.#remember(digest, id);
      return { reply: await work(put), replayed: false };
    } finally {
      this.#running.delete(digest);
    }
  }

  /** Reads which keys the store knows; until then each call looks for itself. */
  async open(): Promise<void> {
    const known = new Map<string, string>();
    for await (const stored of everyRecord(this.#store, idempotencyCollection)) known.set(digestOf(stored), stored.id);
    // What came meanwhile is younger.
    for (const [digest, id] of this.#ids) known.set(digest, id);
    this.#ids = known;
    this.#knowsAll = true;
  }

  /** Entries to delete: those past their life, and the oldest above the limit. A damaged one too, which nobody can be given; what lies behind it is found the next time. */
  async expired(): Promise<Delete[]> {
    const deletes: Delete[] = [];
    const oldest = this.#host.clock.now() - this.#limits.idempotencyMs;
    let kept = 0;
    try {
      for await (const stored of everyRecord(this.#store, idempotencyCollection, { order: "desc" })) {
        const { id, record } = stored;
        if (kept < this.#limits.idempotencyKeys && (record as Entry).at_ms > oldest) kept += 1;
        else {
          deletes.push({ collection: idempotencyCollection, id });
          this.#ids.delete(digestOf(stored));
        }
      }
    } catch (error) {
      const { collection, id } = (isAnodeError(error) && error.details) || {};
      if (collection !== idempotencyCollection || typeof id !== "string") throw error;
      deletes.push({ collection, id });
    }
    return deletes;
  }

  #remember(digest: string, id: string): void {
    this.#ids.delete(digest);
    this.#ids.set(digest, id);
    if (!this.#knowsAll || this.#makesRoom || this.#ids.size <= this.#limits.idempotencyKeys * slack) return;
    this.#makesRoom = true;
    void this.#makeRoom().finally(() => (this.#makesRoom = false));
  }

  /** Removes the oldest above the limit, but for those that are being worked on. */
  async #makeRoom(): Promise<void> {
    const excess = [...this.#ids].slice(0, this.#ids.size - this.#limits.idempotencyKeys).filter(([digest]) => !this.#running.has(digest));
    try {
      await this.#remove(excess.map(([, id]) => ({ collection: idempotencyCollection, id })));
    } catch (error) {
      return this.#host.log("warn", "prune.failed", { error: String(error) });
    }
    // One that was used again meanwhile has another id.
    for (const [digest, id] of excess) if (this.#ids.get(digest) === id) this.#ids.delete(digest);
  }

  #isNew(digest: string): boolean {
    return this.#knowsAll && !this.#ids.has(digest);
  }

  async #find(digest: string): Promise<Stored | undefined> {
    const id = this.#ids.get(digest);
    if (id !== undefined) return this.#store.get(idempotencyCollection, id);
    const { items } = await this.#store.list(idempotencyCollection, { where: { digest: [digest] }, limit: 1 });
    return items[0];
  }
}

/** They may be a tenth more than are kept: removing each by itself would be a delete for every call. */
const slack = 1.1;
/** So much of a digest tells entries of one millisecond apart. */
const shownDigits = 16;

function digestOf({ id, record }: Stored): string {
  return (record as Entry).digest ?? id;
}

function inFlight(): AnodeError {
  return new AnodeError("idempotency_in_flight", "A call with this key is being worked on.", { retryAfterSeconds: 1 });
}

function mismatch(): AnodeError {
  return new AnodeError("idempotency_mismatch", "The key was used with another request.");
}
