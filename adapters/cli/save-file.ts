import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";

/** What is at a path; a pipe, a terminal and the like are devices. */
export type PathKind = "nothing" | "file" | "folder" | "device";

/** Looks what a path leads to. */
export async function kindOfPath(path: string): Promise<PathKind> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (!found) return "nothing";
  if (found.isDirectory()) return "folder";
  return found.isFile() ? "file" : "device";
}

/**
 * Writes the bytes to the path: into a new file, in place of an old one in one step, or into a device. A file that is not whole does not stay.
 * @param kind - what is there, as the caller saw it; a file that came meanwhile is not touched
 */
export async function saveFile(path: string, bytes: AsyncIterable<Uint8Array>, kind: PathKind): Promise<void> {
  if (kind === "device") return write(await open(path, "w"), bytes);
  const at = kind === "file" ? `${path}.${process.pid}.part` : path;
  const file = await open(at, "wx");
  try {
    await write(file, bytes);
    if (at !== path) await rename(at, path);
  } catch (error) {
    await rm(at, { force: true });
    throw error;
  }
}

async function write(file: FileHandle, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const chunk of bytes) {
      for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten;
    }
  } finally {
    await file.close();
  }
}
