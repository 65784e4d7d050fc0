import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readlink, realpath } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, resolve, sep } from "node:path";
import { codeOf } from "../thrown.js";
import type { ReadTextFileRequest, WriteTextFileRequest } from "./sdk.js";

/** The files of a run's folder, for an agent that reads and writes through us though we do not offer it. */
export interface WorkspaceFiles {
  /** Writes to these paths were allowed in this run. */
  grant(paths: readonly string[]): Promise<void>;
  /** @throws when the file lies outside, is too large or no text */
  read(request: ReadTextFileRequest): Promise<{ content: string }>;
  /** @throws when the file lies outside or the write was not allowed */
  write(request: WriteTextFileRequest): Promise<void>;
}

const fileBytes = 10 * 1024 * 1024;

/** The files below `cwd`, by real path; never those below a closed folder. */
export function createWorkspaceFiles(cwd: string, closed: readonly string[]): WorkspaceFiles {
  const granted = new Set<string>();
  const grants: Promise<void>[] = [];

  async function inside(path: string): Promise<string> {
    const root = await realPathOf(cwd);
    const real = await realPathOf(isAbsolute(path) ? path : resolve(cwd, path));
    const shut = await Promise.all(closed.map(realPathOf));
    if (!isBelow(real, root) || shut.some((folder) => isBelow(real, folder))) throw new Error(`${path} lies outside the run's folder.`);
    return real;
  }

  return {
    grant(paths) {
      const noted = Promise.all(
        paths.map((path) =>
          inside(path).then(
            (real) => granted.add(real),
            () => {},
          ),
        ),
      ).then(() => {});
      grants.push(noted);
      return noted;
    },
    async read({ path, line, limit }) {
      const real = await inside(path);
      const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      try {
        await assertStill(file, real);
        const found = await file.stat();
        if (!found.isFile()) throw new Error(`${path} is not a file.`);
        if (found.size > fileBytes) throw new Error(`${path} is larger than 10 MiB.`);
        return { content: part(await file.readFile("utf8"), line ?? 1, limit ?? Number.POSITIVE_INFINITY) };
      } finally {
        await file.close();
      }
    },
    async write({ path, content }) {
      await Promise.all(grants);
      const real = await inside(path);
      if (!granted.has(real)) throw new Error(`Writing ${path} was not allowed in this run.`);
      await mkdir(dirname(real), { recursive: true });
      const file = await open(real, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o666);
      try {
        await assertStill(file, real);
        await file.truncate(0);
        await file.writeFile(content);
      } finally {
        await file.close();
      }
    },
  };
}

/** The path without links; what is not there yet hangs below its deepest folder that is. */
async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const parent = dirname(path);
    if (codeOf(error) !== "ENOENT" || parent === path) throw error;
    return join(await realPathOf(parent), basename(path));
  }
}

/** A folder on the way may have become a link between the look and the opening. */
async function assertStill(file: FileHandle, real: string): Promise<void> {
  if (process.platform !== "linux") return;
  if ((await readlink(`/proc/self/fd/${file.fd}`)) !== real) throw new Error("The file was moved meanwhile.");
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function part(text: string, line: number, limit: number): string {
  if (line <= 1 && limit === Number.POSITIVE_INFINITY) return text;
  const lines = text.split("\n");
  return lines.slice(Math.max(0, line - 1), Math.max(0, line - 1) + limit).join("\n");
}
