import { basename, resolve } from "node:path";
import type { CommandLine } from "../command-line.js";
import type { Command, Context } from "../context.js";
import { openRegular, typeOfName } from "../local-file.js";
import { withClient } from "../open-client.js";

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
  const type = typeOfName(filename);
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
