import { operations } from "../../lib/contract/index.js";
import type { Operation } from "../../lib/contract/operation.js";
import type { AttachmentRef } from "../../lib/attachments/schema.js";
import { AnodeError, isAnodeError } from "../../lib/errors.js";
import type { CallFile, CarrierReply } from "./carrier.js";
import type { AttachmentMethods, CallOptions, Download, UploadDetails, UploadSource } from "./client-types.js";
import type { Sender } from "./sender.js";
import { createScope, type Ends, untilAbort, within } from "./time.js";
import { checkPathInput } from "./wire.js";

const rowOf = (name: string): Operation => operations.find((row) => row.name === name) as Operation;
const putRow = rowOf("attachments.put");
const downloadRow = rowOf("attachments.download");

/** The methods that carry bytes. */
export function attachmentMethods(sender: Sender, ends: (options: CallOptions) => Ends): AttachmentMethods {
  async function upload(source: UploadSource, details: UploadDetails = {}, options: CallOptions = {}): Promise<AttachmentRef> {
    const { filename, content_type } = details;
    // What cannot stand in a header is no type, and a file without one is plain bytes.
    const contentType = content_type !== undefined && /^[ -~]+$/.test(content_type) ? content_type : "application/octet-stream";
    const watched = watch(source);
    const call = {
      operation: putRow,
      input: filename === undefined ? {} : { filename },
      file: { bytes: watched.bytes, contentType },
      accept: "application/json" as const,
      retries: 0,
    };
    try {
      return await within(ends(options), async (signal) => (await sender.document({ ...call, signal })) as AttachmentRef);
    } catch (error) {
      // What is no word of ours comes from the source itself.
      const { failed = isAnodeError(error) ? undefined : { error } } = watched;
      if (!failed) throw error;
      throw new AnodeError("aborted", "The source of the upload failed.", { cause: failed.error });
    }
  }

  return {
    upload,
    put: upload,
    async download(input, options = {}) {
      checkPathInput(downloadRow, input);
      const scope = createScope(ends(options));
      try {
        scope.signal.throwIfAborted();
        const { signal } = scope;
        const reply = await sender.bytes({ operation: downloadRow, input: { ...input }, accept: "*/*", signal, retries: options.retries });
        return toDownload(reply, scope.signal, () => scope.release());
      } catch (error) {
        scope.release();
        throw error;
      }
    },
  };
}

interface Watched {
  readonly bytes: CallFile["bytes"];
  /** What the source threw. */
  failed?: { readonly error: unknown } | undefined;
}

/** A source whose own failure can be told from that of the call. */
function watch(source: UploadSource): Watched {
  if (source instanceof Uint8Array || source instanceof Blob) return { bytes: source };
  const watched: Watched = { bytes: pass() };
  async function* pass(): AsyncGenerator<Uint8Array, void> {
    try {
      yield* source as AsyncIterable<Uint8Array>;
    } catch (error) {
      watched.failed = { error };
      throw error;
    }
  }
  return watched;
}

function toDownload({ headers, body }: CarrierReply, signal: AbortSignal, release: () => void): Download {
  async function* bytes(): AsyncGenerator<Uint8Array, void> {
    try {
      yield* untilAbort(body, signal);
    } finally {
      release();
    }
  }
  return {
    filename: fileNameOf(headers["content-disposition"] ?? ""),
    content_type: headers["content-type"] ?? "application/octet-stream",
    size_bytes: Number(headers["content-length"] ?? 0),
    sha256: (headers["etag"] ?? "").replaceAll('"', ""),
    bytes: bytes(),
  };
}

function fileNameOf(disposition: string): string {
  const encoded = /filename\*=UTF-8''([^;\s]+)/.exec(disposition)?.[1];
  try {
    return decodeURIComponent(encoded ?? "file");
  } catch {
    return "file";
  }
}
