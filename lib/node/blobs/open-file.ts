import { constants, promises } from "node:fs";
import type { OpenBlob } from "../../attachments/blob-store.js";
import { codeOf } from "../../thrown.js";

const pieceBytes = 65_536;

/** Opens a regular file for reading; `undefined` when there is none. A link at the end of the path is not followed. */
export async function openFile(path: string): Promise<OpenBlob | undefined> {
  const file = await promises.open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(absentFile);
  if (!file) return undefined;
  const found = await file.stat();
  if (found.isFile()) return { size_bytes: found.size, body: { [Symbol.asyncIterator]: () => piecesOf(file, found.size) } };
  await file.close();
  return undefined;
}

// By hand and not as a generator: one that was never begun would leave the file open when it is returned.
function piecesOf(file: promises.FileHandle, size: number): AsyncIterator<Uint8Array, undefined> {
  let at = 0;
  const end = async (): Promise<IteratorReturnResult<undefined>> => {
    await file.close();
    return { done: true, value: undefined };
  };
  return {
    async next() {
      if (at >= size) return end();
      const { bytesRead, buffer } = await file.read(new Uint8Array(Math.min(pieceBytes, size - at)), 0, undefined, at);
      if (bytesRead === 0) {
        await end();
        throw new Error("The file became shorter while it was read.");
      }
      at += bytesRead;
      return { done: false, value: buffer.subarray(0, bytesRead) };
    },
    return: end,
  };
}

/** @throws whatever does not mean that no file of ours is there */
function absentFile(error: unknown): undefined {
  const code = codeOf(error);
  if (code !== "ENOENT" && code !== "ELOOP") throw error;
}
