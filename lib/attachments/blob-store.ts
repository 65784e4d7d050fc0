import { AnodeError } from "../errors.js";

/** What was written. */
export interface Written {
  readonly size_bytes: number;
  /** SHA-256 of the bytes, lower-case hex. */
  readonly sha256: string;
}

/** A blob that is open for reading. */
export interface OpenBlob {
  readonly size_bytes: number;
  /** All bytes in order, read as they are asked for; once. To be read to its end or returned: it holds what it reads from. */
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Where the bytes of attachments lie, by id. Names, owners and lifetimes are not its business.
 *
 * Ids are 1 to 64 lower-case letters, digits and dashes; any other is `invalid_request` and touches nothing. A blob is written
 * once and never changed. When the promise of `write` resolves, the bytes are as durable as `supports.durable` says, and
 * visible to `read`, `size` and `list`; when it rejects, nothing of them remains.
 */
export interface BlobStore {
  readonly supports: {
    /** What was written outlives the process. */
    readonly durable: boolean;
  };
  /**
   * Writes the bytes as they come: asks for the next ones when it has put away the last, keeps no more than those, and hashes
   * on the way. Chunks are the source's: they may be changed as soon as the next one is asked for.
   * @throws what `bytes` throws; `storage_full` without space; an error where the id exists, whose blob stays as it is
   */
  write(id: string, bytes: AsyncIterable<Uint8Array>): Promise<Written>;
  /** Opens a blob; `undefined` when there is none. What is open can be read to its end although it is removed meanwhile. */
  read(id: string): Promise<OpenBlob | undefined>;
  /** Bytes of a blob; `undefined` when there is none. */
  size(id: string): Promise<number | undefined>;
  /** Removes a blob, or nothing where there is none. */
  remove(id: string): Promise<void>;
  /** The ids of all blobs, and of what an earlier process did not finish to write; in no order. */
  list(): Promise<readonly string[]>;
  /** Where the file of a blob lies, in a store of files. */
  path?(id: string): string;
  /** Lets go what is held; idempotent. */
  close(): Promise<void>;
}

const idForm = /^[a-z0-9-]{1,64}$/;

/** What every method does first with an id. @throws `invalid_request` */
export function checkBlobId(id: string): void {
  if (!idForm.test(id)) throw new AnodeError("invalid_request", "The id of a blob must be 1 to 64 lower-case letters, digits and dashes.");
}
