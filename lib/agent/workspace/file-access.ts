import { constants } from "node:fs";
import { type FileHandle, link, mkdir, open, readdir, readlink, rename, unlink } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { basename, dirname } from "node:path";
import { codeOf } from "../../thrown.js";
import { ToolError, toToolError } from "../tools/tool-error.js";

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** A file as it was found. */
export interface FoundFile {
  readonly bytes: Buffer;
  readonly mode: number;
}

/** Reads a regular file by its real path; what was put in its place meanwhile is not read. @throws ToolError */
export async function readFound(real: string, shown: string, limitBytes: number): Promise<FoundFile> {
  const file = await opened(real, shown, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const found = await file.stat();
    if (found.isDirectory()) throw new ToolError("failed", `${shown} is a folder`);
    if (!found.isFile()) throw new ToolError("failed", `${shown} is not a regular file`);
    if (found.size > limitBytes) throw tooLarge(shown, found.size, limitBytes);
    const bytes = await file.readFile();
    // Files of the kernel tell no size, and others may grow.
    if (bytes.length > limitBytes) throw tooLarge(shown, bytes.length, limitBytes);
    return { bytes, mode: found.mode & 0o7777 };
  } finally {
    await file.close();
  }
}

/** What lies in a folder: names, folders with a slash at the end. @throws ToolError */
export async function listFound(real: string, shown: string): Promise<string[]> {
  const names = await inFolder(real, shown, (path) => readdir(path, { withFileTypes: true }));
  return names.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).toSorted();
}

/** How a file is written. */
export interface WriteOptions {
  readonly mode?: number;
  /** False keeps a file that is already there. */
  readonly replace: boolean;
}

/** Writes a file whole or not at all, in place of what has its name. @throws ToolError `exists` */
export async function writeWhole(real: string, shown: string, text: string | Buffer, options: WriteOptions): Promise<void> {
  const { mode, replace } = options;
  await inFolder(dirname(real), shown, async (folder) => {
    const target = `${folder}/${basename(real)}`;
    const draft = `${folder}/.${basename(real).slice(0, 100)}.${randomBytes(6).toString("hex")}.tmp`;
    const file = await open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode ?? 0o666);
    try {
      await file.writeFile(text);
      if (mode !== undefined) await file.chmod(mode);
      await file.sync();
      await file.close();
      if (replace) await rename(draft, target);
      // A link is refused where the name is taken, at whatever moment that happened.
      else await link(draft, target);
    } catch (error) {
      throw toToolError(error, shown);
    } finally {
      await file.close().catch(() => {});
      await unlink(draft).catch(() => {});
    }
  });
}

/** Removes a file. @throws ToolError */
export async function removeFound(real: string, shown: string): Promise<void> {
  await inFolder(dirname(real), shown, (folder) => unlink(`${folder}/${basename(real)}`));
}

/** Makes the folder of a file that is to be written. @throws ToolError */
export async function makeFolderOf(real: string, shown: string): Promise<void> {
  await mkdir(dirname(real), { recursive: true }).catch((error: unknown) => {
    throw toToolError(error, shown);
  });
}

/** Does something by a path that stays the checked folder, wherever its name leads meanwhile. */
async function inFolder<T>(real: string, shown: string, work: (path: string) => Promise<T>): Promise<T> {
  const folder = await opened(real, shown, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    return await work(process.platform === "linux" ? `/proc/self/fd/${folder.fd}` : real);
  } catch (error) {
    throw toToolError(error, shown);
  } finally {
    await folder.close();
  }
}

async function opened(real: string, shown: string, flags: number): Promise<FileHandle> {
  let file: FileHandle;
  try {
    file = await open(real, flags);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ELOOP") throw moved(shown);
    throw toToolError(error, shown);
  }
  if (process.platform !== "linux") return file;
  // Between the look at the links and the opening, a folder on the way may have become one.
  const actual = await readlink(`/proc/self/fd/${file.fd}`).catch(() => real);
  if (actual === real) return file;
  await file.close();
  throw moved(shown);
}

function moved(shown: string): ToolError {
  return new ToolError("denied", `${shown} was replaced while it was opened`);
}

function tooLarge(shown: string, bytes: number, limit: number): ToolError {
  return new ToolError("too_large", `${shown} has ${bytes} bytes, more than ${limit}`);
}
