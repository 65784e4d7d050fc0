import { type Caller, hasScope, isOwner } from "../caller.js";
import type { CallBody } from "../contract/operation.js";
import { AnodeError, invalidRequest } from "../errors.js";
import { storedFileName } from "../file-name.js";
import type { CancelTimer, Host } from "../host.js";
import { randomHexId } from "../ids.js";
import type { Limits } from "../limits.js";
import { everyRecord } from "../store/every-record.js";
import type { Store } from "../store/store.js";
import { formatTime, parseTime } from "../system-host.js";
import type { BlobStore, OpenBlob, Written } from "./blob-store.js";
import { imageTypeOf, magicBytes, storedType } from "./media.js";
import { metered } from "./metered.js";
import { attachmentCollection, type AttachmentJournal, type AttachmentRecord, isUploader, refOf, uploaderOf } from "./record.js";
import { Room } from "./room.js";
import { type AttachmentRef, mostAttachments } from "./schema.js";
import { type Entry, Sweeper, sweepEveryMs } from "./sweeper.js";

/** What refers to attachments. */
export interface AttachmentUses {
  /** True while something open refers to it: an open ask, a queued message, a job that has not ended. */
  inUse(id: string): boolean;
  /** True for whoever may read something that refers to it. */
  isFor(id: string, caller: Caller): boolean | Promise<boolean>;
}

/** What attachments are made of. */
export interface AttachmentsParts {
  readonly journal: AttachmentJournal;
  readonly store: Pick<Store, "list">;
  readonly host: Host;
  readonly limits: Limits;
  readonly blobs: BlobStore;
  /** @defaultValue nothing refers to any */
  readonly uses?: AttachmentUses;
}

/** The bytes of an attachment, open for reading. */
export interface OpenAttachment extends OpenBlob {
  readonly ref: AttachmentRef;
  /** A browser may show it: its bytes are the image that its type says. */
  readonly isImage: boolean;
}

/** One page of attachments. */
export interface AttachmentPage {
  readonly attachments: readonly AttachmentRef[];
  /** Where the next page begins; absent on the last one. */
  readonly next?: number;
}

/**
 * Files that come along with messages, asks, answers and jobs: a record in the store, the bytes in a blob store. Each lives for a
 * day, and longer while something open refers to it; who asks for it on the day after is told that it has expired.
 */
export class Attachments {
  readonly #parts: AttachmentsParts;
  readonly #uses: AttachmentUses;
  readonly #entries = new Map<string, Entry>();
  /** Blobs whose record is not there yet. */
  readonly #arriving = new Set<string>();
  readonly #room: Room;
  readonly #sweeper: Sweeper;
  #cancelTick: CancelTimer = () => {};
  #isClosed = false;

  constructor(parts: AttachmentsParts) {
    const { uses = { inUse: () => false, isFor: () => false } } = parts;
    this.#parts = parts;
    this.#uses = uses;
    this.#room = new Room(parts.limits);
    this.#sweeper = new Sweeper({
      ...parts,
      entries: this.#entries,
      inUse: (id) => uses.inUse(id),
      isArriving: (id) => this.#arriving.has(id),
      gone: ({ size_bytes }) => this.#room.free(size_bytes),
    });
  }

  /** Loads the records of a former process and begins to sweep. The manager, and what `uses` looks into, are open by then. */
  async open(): Promise<void> {
    for await (const { id, revision, record } of everyRecord(this.#parts.store, attachmentCollection)) {
      const kept = record as AttachmentRecord;
      this.#entries.set(id, { record: kept, revision });
      if (kept.gone_at === undefined) this.#room.add(kept.size_bytes);
    }
    // Beside the start: until it is over nothing is served that should not be.
    void this.#tick();
  }

  /** Ends the sweeps; idempotent. The blob store is whose who made it. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTick();
  }

  /**
   * Takes a file; durable when it resolves. What can be refused by what was declared is refused before the first byte.
   * @throws `attachment_too_large`, `attachment_storage_full`, `storage_full`; `malformed_request` when the caller leaves
   */
  async upload(body: CallBody, caller: Caller, filename: string | undefined, signal: AbortSignal): Promise<AttachmentRef> {
    const { journal, host, limits, blobs } = this.#parts;
    journal.assertSpace();
    const share = this.#room.begin(body.leastBytes ?? 0);
    const id = randomHexId(host, "att", 32);
    let written: Written | undefined;
    this.#arriving.add(id);
    try {
      const file = await body.open();
      let start = new Uint8Array(0);
      const bytes = metered(file.bytes, signal, (chunk) => {
        share.take(chunk.length);
        if (start.length < magicBytes) start = Uint8Array.from([...start, ...chunk.subarray(0, magicBytes)]);
      });
      written = await blobs.write(id, bytes);
      const image_type = imageTypeOf(start);
      const now = host.clock.now();
      const record: AttachmentRecord = {
        id,
        filename: storedFileName(filename ?? file.filename),
        size_bytes: written.size_bytes,
        content_type: storedType(file.contentType),
        sha256: written.sha256,
        created_at: formatTime(now),
        expires_at: formatTime(now + limits.attachmentMs),
        uploader: uploaderOf(caller),
        ...(image_type !== undefined && { image_type }),
      };
      await journal.append({ puts: [{ collection: attachmentCollection, id, record, expectedRevision: 0 }], whenFull: "refuse" }).committed;
      this.#entries.set(id, { record, revision: 1 });
      return this.#shown(record, caller);
    } catch (error) {
      share.release();
      // A write that failed has left nothing.
      if (written) await this.#sweeper.removeBlob(id);
      throw error;
    } finally {
      this.#arriving.delete(id);
    }
  }

  /** @throws `attachment_not_found`, `attachment_expired` */
  async info(id: string, caller: Caller): Promise<AttachmentRef> {
    return this.#shown(await this.#find(id, caller), caller);
  }

  /** Opens the bytes; they are to be read to their end or returned. @throws `attachment_not_found`, `attachment_expired` */
  async download(id: string, caller: Caller): Promise<OpenAttachment> {
    const record = await this.#find(id, caller);
    const blob = await this.#parts.blobs.read(id);
    if (blob?.size_bytes === record.size_bytes) {
      return { ...blob, ref: this.#shown(record, caller), isImage: record.image_type === record.content_type };
    }
    await blob?.body[Symbol.asyncIterator]().return?.();
    throw expired();
  }

  /** What the caller may see, newest first, from before the given place. */
  async list(caller: Caller, { limit, before }: { readonly limit: number; readonly before?: number | undefined }): Promise<AttachmentPage> {
    const attachments: AttachmentRef[] = [];
    let last = before;
    const query = { order: "desc" as const, ...(before !== undefined && { after: before }) };
    for await (const { id, ordinal } of everyRecord(this.#parts.store, attachmentCollection, query)) {
      const record = this.#entries.get(id)?.record;
      if (record && !this.#isGone(record) && (await this.#isVisible(record, caller))) {
        if (attachments.length === limit) return { attachments, next: last as number };
        attachments.push(this.#shown(record, caller));
      }
      last = ordinal;
    }
    return { attachments };
  }

  /**
   * Removes an attachment; durable when it resolves.
   * @throws `attachment_not_found`, `attachment_expired`; `scope_required` unless the caller brought it or has `admin`;
   * `attachment_in_use`; `storage_full`
   */
  async remove(id: string, caller: Caller): Promise<void> {
    const record = await this.#find(id, caller);
    if (!isUploader(record, caller) && !hasScope(caller, "admin")) {
      throw new AnodeError("scope_required", "An attachment is removed by its uploader, or with the scope admin.", {
        details: { scope: "admin" },
      });
    }
    if (this.#uses.inUse(id)) throw new AnodeError("attachment_in_use", "Something open still refers to this attachment.");
    this.#parts.journal.assertSpace();
    // From here on nothing new can refer to it.
    this.#entries.delete(id);
    this.#room.free(record.size_bytes);
    const removed = this.#parts.journal.append({ deletes: [{ collection: attachmentCollection, id }] });
    // The bytes go when the record is gone, however long that takes.
    const isGone = removed.committed.then(() => this.#sweeper.removeBlob(id));
    isGone.catch(() => {});
    await removed.kept;
    await isGone;
  }

  /**
   * The attachments that a message, ask, answer or job names, as they are stored.
   * @throws 422 `attachment_not_found` for the first that is not there for the caller; `invalid_request` over the bound
   */
  async resolve(given: readonly (string | { readonly id: string })[], caller: Caller): Promise<AttachmentRef[]> {
    if (given.length > mostAttachments) {
      throw invalidRequest([{ path: "attachments", code: "length", message: `must have at most ${mostAttachments} items` }]);
    }
    const ids = given.map((named) => (typeof named === "string" ? named : named.id));
    const records = ids.map((id) => this.#entries.get(id)?.record);
    const visible = await Promise.all(records.map(async (record) => record !== undefined && this.#isVisible(record, caller)));
    // The last look, behind which nothing is waited for.
    return ids.map((id, index) => {
      const record = this.#entries.get(id)?.record;
      if (record && visible[index] && !this.#isGone(record)) return refOf(record);
      throw new AnodeError("attachment_not_found", `attachments.${index} must name an attachment that is there for the sender.`, {
        status: 422,
      });
    });
  }

  /** Extends what is in use, ends what has expired, and removes bytes that belong to no record; done each hour and at the start. */
  sweep(): Promise<void> {
    return this.#sweeper.sweep();
  }

  async #tick(): Promise<void> {
    try {
      await this.sweep();
    } catch (error) {
      this.#parts.host.log("warn", "attachments.sweep_failed", { error: String(error) });
    }
    if (!this.#isClosed) this.#cancelTick = this.#parts.host.clock.schedule(() => void this.#tick(), sweepEveryMs);
  }

  async #find(id: string, caller: Caller): Promise<AttachmentRecord> {
    const seen = this.#entries.get(id)?.record;
    const isVisible = seen !== undefined && (await this.#isVisible(seen, caller));
    // It may have changed, or gone, meanwhile.
    const record = this.#entries.get(id)?.record;
    if (!isVisible || !record) throw new AnodeError("attachment_not_found", "There is no such attachment.");
    if (this.#isGone(record)) throw expired();
    return record;
  }

  #isVisible(record: AttachmentRecord, caller: Caller): boolean | Promise<boolean> {
    return isOwner(caller) || isUploader(record, caller) || this.#uses.isFor(record.id, caller);
  }

  #isGone({ id, gone_at, expires_at }: AttachmentRecord): boolean {
    return gone_at !== undefined || (parseTime(expires_at) <= this.#parts.host.clock.now() && !this.#uses.inUse(id));
  }

  /** The path is of use, and no secret, to the daemon's own user on its host alone. */
  #shown(record: AttachmentRecord, { door }: Caller): AttachmentRef {
    const path = door === "tcp" ? undefined : this.#parts.blobs.path?.(record.id);
    return { ...refOf(record), ...(path !== undefined && { path }) };
  }
}

function expired(): AnodeError {
  return new AnodeError("attachment_expired", "The attachment has expired: its bytes are gone.");
}
