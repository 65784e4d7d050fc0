import type { Caller } from "../caller.js";
import type { Delete, Put } from "../store/store.js";
import type { AttachmentRef } from "./schema.js";

/** The store's collection of attachments. */
export const attachmentCollection = "attachments";

/** What is kept of an attachment. */
export interface AttachmentRecord extends Omit<AttachmentRef, "path"> {
  /** Who brought it: the caller, and the run or peer it was bound to. */
  readonly uploader: Pick<Caller, "id" | "run_id" | "peer_id">;
  /** The image that its first bytes say it is. */
  readonly image_type?: string;
  /** Since when the bytes are gone. */
  readonly gone_at?: string;
}

/** What records are written through: the manager's journal. */
export interface AttachmentJournal {
  /** @throws `storage_full` while the store has no space */
  assertSpace(): void;
  append(step: { readonly puts?: readonly Put[]; readonly deletes?: readonly Delete[]; readonly whenFull?: "refuse" }): {
    /** Resolves when the step is durable. */
    readonly committed: Promise<unknown>;
    /** The same; rejects when the step has to wait for space. */
    readonly kept: Promise<unknown>;
  };
}

/** What is told of a record. */
export function refOf({ uploader: _uploader, image_type: _image, gone_at: _gone, ...ref }: AttachmentRecord): AttachmentRef {
  return ref;
}

/** What is kept of an uploader. */
export function uploaderOf({ id, run_id, peer_id }: Caller): AttachmentRecord["uploader"] {
  return { id, ...(run_id !== undefined && { run_id }), ...(peer_id !== undefined && { peer_id }) };
}

/** True for who brought it: the same caller, or another one of the same run or peer. */
export function isUploader({ uploader }: AttachmentRecord, { id, run_id, peer_id }: Caller): boolean {
  return (
    uploader.id === id || (run_id !== undefined && uploader.run_id === run_id) || (peer_id !== undefined && uploader.peer_id === peer_id)
  );
}
