import { type FileHandle, open } from "node:fs/promises";
import { basename, extname, resolve } from "node:path";
import type { CommandLine } from "../command-line.js";
import { misuse } from "../command-line.js";
import type { Command, Context } from "../context.js";
import { withClient } from "../open-client.js";

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

/** `anode attachments put`: uploads a file, or standard input, and prints the id of the attachment. */
export const run: Command = async (line, context) => {
  const [path = ""] = [...line.words, ...line.rest];
  const file = path === "-" ? undefined : await openRegular(resolve(context.cwd, path), path);
  try {
    return await put(line, context, file?.createReadStream({ autoClose: false }) ?? context.stdin, line.text("name") ?? nameOf(path));
  } finally {
    await file?.close();
  }
};

async function put(line: CommandLine, context: Context, source: AsyncIterable<Uint8Array>, filename: string | undefined): Promise<number> {
  const type = types[extname(filename ?? "").toLowerCase()];
  return withClient(line, context, async (client) => {
    const details = { ...(filename !== undefined && { filename }), ...(type !== undefined && { content_type: type }) };
    const ref = await client.attachments.upload(source, details);
    if (line.has("json")) context.output.json(ref);
    else context.output.data(`${ref.id}\n`);
    return 0;
  });
}

function nameOf(path: string): string | undefined {
  return path === "-" ? undefined : basename(path);
}

/** @throws `invalid_request` for what is no file, or cannot be read */
async function openRegular(path: string, shown: string): Promise<FileHandle> {
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    throw misuse(`${shown} cannot be read: ${error.code}.`);
  });
  if ((await file.stat()).isDirectory()) {
    await file.close();
    throw misuse(`${shown} is a folder, and an attachment is one file.`);
  }
  return file;
}
