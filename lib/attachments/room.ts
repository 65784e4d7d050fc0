import { AnodeError } from "../errors.js";
import type { Limits } from "../limits.js";

/** What an upload takes of the room while it comes. */
export interface Share {
  /** Takes so many bytes more. @throws `attachment_too_large`, `attachment_storage_full` */
  take(bytes: number): void;
  /** Gives everything back. */
  release(): void;
}

/** How many attachments there are and how many bytes, what is arriving included. */
export class Room {
  readonly #limits: Limits;
  #count = 0;
  #bytes = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Counts one that is there. */
  add(bytes: number): void {
    this.#count += 1;
    this.#bytes += bytes;
  }

  /** No longer counts it. */
  free(bytes: number): void {
    this.#count -= 1;
    this.#bytes -= bytes;
  }

  /** Begins an upload of at least so many bytes. @throws `attachment_too_large`, `attachment_storage_full` */
  begin(leastBytes: number): Share {
    this.#check(leastBytes, leastBytes);
    if (this.#count >= this.#limits.attachments) throw full(`There are ${this.#count} attachments, and no more are kept at once.`);
    this.add(0);
    let taken = 0;
    return {
      take: (bytes) => {
        this.#check(taken + bytes, bytes);
        taken += bytes;
        this.#bytes += bytes;
      },
      release: () => this.free(taken),
    };
  }

  #check(fileBytes: number, moreBytes: number): void {
    const { attachmentBytes, attachmentStoreBytes } = this.#limits;
    if (fileBytes > attachmentBytes) {
      throw new AnodeError("attachment_too_large", `An attachment must have at most ${attachmentBytes} bytes.`);
    }
    if (this.#bytes + moreBytes > attachmentStoreBytes)
      throw full(`All attachments together must have at most ${attachmentStoreBytes} bytes.`);
  }
}

function full(sentence: string): AnodeError {
  return new AnodeError("attachment_storage_full", `${sentence} Remove some, or wait until they expire.`);
}
