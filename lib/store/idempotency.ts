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
  readonly #running = new Map<string, string>();
  /** By its digest, the id of each entry that the store may know. A fresh key, as nearly every one is, needs no look into the store. */
  readonly #ids = new Map<string, string>();
  #knowsAll = false;

  constructor(store: Store, host: Host, limits: Limits) {
    this.#store = store;
    this.#host = host;
    this.#limits = limits;
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
      this.#ids.set(digest, id);
      return { reply: await work(put), replayed: false };
    } finally {
      this.#running.delete(digest);
    }
  }

  /** Reads which keys the store knows; until then each call looks for itself. */
  async open(): Promise<void> {
    for await (const stored of everyRecord(this.#store, idempotencyCollection)) this.#ids.set(digestOf(stored), stored.id);
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
