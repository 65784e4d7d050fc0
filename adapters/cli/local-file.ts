import { type FileHandle, open } from "node:fs/promises";
import { basename, extname, resolve } from "node:path";
import type { Client } from "../client/index.js";
import { type CommandLine, misuse } from "./command-line.js";
import type { Context } from "./context.js";

/** What a file is by its ending, as far as it matters to who gets it. */
const types: Readonly<Record<string, string>> = {
  ".txt": "text/plain",
  ".log": "text/plain",
  ".md": "text/markdown",
  ".csv": "text/csv",
  ".json": "application/json",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".gif": "image/gif",
  ".webp": "image/webp",
  ".zip": "application/zip",
  ".gz": "application/gzip",
};

/** The content type that the name of a file tells; `undefined` for one that is not known. */
export function typeOfName(filename: string | undefined): string | undefined {
  return types[extname(filename ?? "").toLowerCase()];
}

/** Uploads the files of `--attach`, in order, and gives their ids as the member of an input. */
export async function attachedFiles(client: Client, line: CommandLine, { cwd }: Context): Promise<{ attachments?: string[] }> {
  const paths = line.list("file");
  if (paths.length === 0) return {};
  const attachments: string[] = [];
  for (const path of paths) attachments.push(await upload(client, resolve(cwd, path), path));
  return { attachments };
}

async function upload(client: Client, path: string, shown: string): Promise<string> {
  const file = await openRegular(path, shown);
  try {
    const filename = basename(path);
    const content_type = typeOfName(filename);
    const details = { filename, ...(content_type !== undefined && { content_type }) };
    return (await client.attachments.upload(file.createReadStream({ autoClose: false }), details)).id;
  } finally {
    await file.close();
  }
}

/** @throws `invalid_request` for what is no file, or cannot be read */
export async function openRegular(path: string, shown: string): Promise<FileHandle> {
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    throw misuse(`${shown} cannot be read: ${error.code}.`);
  });
  if ((await file.stat()).isDirectory()) {
    await file.close();
    throw misuse(`${shown} is a folder, and an attachment is one file.`);
  }
  return file;
}
