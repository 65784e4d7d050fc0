import { createHash } from "node:crypto";
import { constants, type Dirent, promises, readdir } from "node:fs";
import { join } from "node:path";
import { type BlobStore, checkBlobId, type Written } from "../../attachments/blob-store.js";
import { codeOf } from "../../thrown.js";
import { openFile } from "./open-file.js";
import { ensurePrivateFolder } from "./private-folder.js";
import { toBlobError } from "./blob-errors.js";

const blobName = /^[a-z0-9-]{1,64}$/;
// A link at the end of the path is never followed, and nothing that is there is ever opened for writing.
const forWriting = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW;

/**
 * Blobs as files of one private folder, each named by its id. The folder is made where it is missing.
 * @throws `store_failed` with `details.reason` `unsafe_path` for a link, a folder of somebody else, or one that others may enter
 */
export async function openFolderBlobs({ path }: { readonly path: string }): Promise<BlobStore> {
  ensurePrivateFolder(path);
  const fileOf = (id: string): string => {
    checkBlobId(id);
    return join(path, id);
  };

  return {
    supports: { durable: true },
    async write(id, bytes) {
      const at = fileOf(id);
      const file = await promises.open(at, forWriting, 0o600).catch((error: unknown) => Promise.reject(toBlobError(error)));
      try {
        // The umask may have taken our own rights away.
        await file.chmod(0o600);
        const written = await writeAll(file, bytes);
        await file.sync();
        await file.close();
        // The name is as much a part of it as the bytes.
        await syncFolder(path);
        return written;
      } catch (error) {
        await file.close().catch(() => {});
        await promises.rm(at, { force: true });
        throw toBlobError(error);
      }
    },
    read: (id) => openFile(fileOf(id)),
    async size(id) {
      const found = await promises.lstat(fileOf(id)).catch(absent);
      return found?.isFile() ? found.size : undefined;
    },
    async remove(id) {
      await promises.rm(fileOf(id), { force: true });
    },
    async list() {
      const entries = await entriesOf(path);
      return entries.filter((entry) => entry.isFile() && blobName.test(entry.name)).map(({ name }) => name);
    },
    path: fileOf,
    close: async () => {},
  };
}

async function writeAll(file: promises.FileHandle, bytes: AsyncIterable<Uint8Array>): Promise<Written> {
  const hash = createHash("sha256");
  let size_bytes = 0;
  for await (const chunk of bytes) {
    hash.update(chunk);
    for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten;
    size_bytes += chunk.length;
  }
  return { size_bytes, sha256: hash.digest("hex") };
}

/** The first sweep comes with the start, which needs no promises of files: loading them takes a millisecond. */
function entriesOf(path: string): Promise<Dirent[]> {
  return new Promise((resolve, reject) => {
    readdir(path, { withFileTypes: true }, (error, entries) => (error ? reject(error) : resolve(entries)));
  });
}

async function syncFolder(path: string): Promise<void> {
  const folder = await promises.open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** @throws whatever is not the absence of a file */
function absent(error: unknown): undefined {
  if (codeOf(error) !== "ENOENT") throw error;
}
