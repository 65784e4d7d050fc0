import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

const tailBytes = 256 * 1024;

/** What the agent said last, according to the transcript that its runtime keeps; nothing where that cannot be told. */
export function lastMessageIn(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  for (const line of tailOf(path).split("\n").reverse()) {
    const text = textOf(line);
    if (text !== undefined) return text || undefined;
  }
  return undefined;
}

interface Line {
  readonly type?: unknown;
  /** Of Claude Code. */
  readonly message?: { readonly content?: unknown };
  /** Of Gemini CLI. */
  readonly content?: unknown;
}

/** What one line of a transcript says; empty at a prompt, behind which nothing has been said yet. */
function textOf(line: string): string | undefined {
  try {
    const { type, message, content } = JSON.parse(line) as Line;
    if (type === "gemini") return typeof content === "string" && content.trim() !== "" ? content : undefined;
    if (type === "user" && partsOf(content).some(({ text }) => typeof text === "string")) return "";
    if (type !== "assistant") return undefined;
    const texts = partsOf(message?.content).flatMap((part) => (part.type === "text" && typeof part.text === "string" ? [part.text] : []));
    const text = texts.join("\n");
    return text.trim() === "" ? undefined : text;
  } catch {
    return undefined;
  }
}

function partsOf(content: unknown): readonly { readonly type?: unknown; readonly text?: unknown }[] {
  return Array.isArray(content) ? content : [];
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
