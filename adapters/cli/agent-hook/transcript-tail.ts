import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

const tailBytes = 256 * 1024;

/** What the agent said last, according to the transcript that its runtime keeps; nothing where that cannot be told. */
export function lastMessageIn(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  for (const line of tailOf(path).split("\n").reverse()) {
    const text = textOf(line);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** One line of a transcript: a message of the assistant, with its text in parts. */
function textOf(line: string): string | undefined {
  try {
    const { type, message } = JSON.parse(line) as { readonly type?: unknown; readonly message?: { readonly content?: unknown } };
    if (type !== "assistant" || !Array.isArray(message?.content)) return undefined;
    const parts = message.content as readonly { readonly type?: unknown; readonly text?: unknown }[];
    const text = parts.flatMap((part) => (part.type === "text" && typeof part.text === "string" ? [part.text] : [])).join("\n");
    return text.trim() === "" ? undefined : text;
  } catch {
    return undefined;
  }
}

function tailOf(path: string): string {
  let file: number | undefined;
  try {
    // Not to hang on a pipe that lies there.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const { size, uid } = fstatSync(file);
    if (!fstatSync(file).isFile() || (process.getuid !== undefined && uid !== process.getuid())) return "";
    const bytes = Buffer.alloc(Math.min(size, tailBytes));
    return bytes.toString("utf8", 0, readSync(file, bytes, 0, bytes.length, size - bytes.length));
  } catch {
    return "";
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
