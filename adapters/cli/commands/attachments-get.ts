import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { storedFileName } from "../../../lib/file-name.js";
import { misuse } from "../command-line.js";
import type { Command, Context } from "../context.js";
import { withClient } from "../open-client.js";
import { kindOfPath, saveFile } from "../save-file.js";

/** `anode attachments get`: downloads an attachment into a file, and prints its path. */
export const run: Command = (line, context) =>
  withClient(line, context, async (client) => {
    const [id = ""] = [...line.words, ...line.rest];
    const { filename } = await client.attachments.info({ id });
    const named = resolve(context.cwd, line.text("output") ?? ".");
    const path = (await kindOfPath(named)) === "folder" ? join(named, localName(filename)) : named;
    const kind = await kindOfPath(path);
    if (kind === "folder") throw misuse(`${path} is a folder; name a file with --output.`);
    if (kind === "file" && !(await mayReplace(path, context)))
      throw misuse(`${path} exists and stays as it is; name another file with --output.`);
    const { bytes, ...about } = await client.attachments.download({ id });
    await saveFile(path, bytes, kind);
    if (line.has("json")) context.output.json({ ...about, path });
    else if (kind === "device") context.output.note(`${about.size_bytes} bytes written to ${path}`);
    else context.output.data(`${path}\n`);
    return 0;
  });

/** A name that its uploader chose: it must not become a hidden file, nor what looks like a flag. */
function localName(filename: string): string {
  return storedFileName(filename).replace(/^[.-]+/, "") || "file";
}

/** Asks the person at the terminal; without one the answer is no. */
async function mayReplace(path: string, { stdin, output }: Context): Promise<boolean> {
  if (!stdin.isTTY || !output.isTerminal) return false;
  output.note(`${path} exists. Replace it? y or n`);
  const lines = createInterface({ input: stdin, terminal: false });
  try {
    for await (const answer of lines) return answer.trim().toLowerCase() === "y";
    return false;
  } finally {
    lines.close();
  }
}
