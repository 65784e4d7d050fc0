import { AnodeError } from "../../lib/errors.js";

/** One block of an event stream. A block without `data` only moves the reader's cursor. */
export interface SseMessage {
  readonly id?: string;
  readonly data?: string;
}

const lineEnd = /[\r\n]/g;
const longestLine = 16 * 1024 * 1024;

/**
 * A parser of `text/event-stream`: takes the bytes as they were cut and gives each block once its blank line is there.
 * Comments, `event`, `retry` and unknown fields are passed over.
 */
export function createSseParser(): (chunk: Uint8Array) => SseMessage[] {
  // The decoder keeps the bytes of a character that was cut. Left to it, a second byte order mark could get lost too.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let isStart = true;
  let pending = "";
  // A CR ended the last line at the very end of a chunk: an LF that follows belongs to it.
  let afterCr = false;
  let id: string | undefined;
  let data: string | undefined;

  function takeLine(line: string): SseMessage | undefined {
    if (line === "") return takeBlock();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") data = data === undefined ? value : `${data}\n${value}`;
    else if (field === "id" && !value.includes("\u0000")) id = value;
    return undefined;
  }

  function takeBlock(): SseMessage | undefined {
    const block = { ...(id !== undefined && { id }), ...(data !== undefined && { data }) };
    id = undefined;
    data = undefined;
    return "id" in block || "data" in block ? block : undefined;
  }

  return function parse(chunk) {
    const text = decoder.decode(chunk, { stream: true });
    const messages: SseMessage[] = [];
    if (text === "") return messages;
    let start = (isStart && text[0] === "\ufeff") || (afterCr && text[0] === "\n") ? 1 : 0;
    isStart = false;
    afterCr = false;
    for (let end = nextLineEnd(text, start); end >= 0; end = nextLineEnd(text, start)) {
      const message = takeLine(pending + text.slice(start, end));
      if (message) messages.push(message);
      pending = "";
      start = text[end] === "\r" && text[end + 1] === "\n" ? end + 2 : end + 1;
      afterCr = text[end] === "\r" && start === text.length && start === end + 1;
    }
    pending += text.slice(start);
    if (pending.length > longestLine)
      throw new AnodeError("protocol_error", `A line of the event stream is over ${longestLine} characters.`);
    return messages;
  };
}

/** The blocks of a body; what it ends with without a blank line is not one. */
export async function* readSse(body: AsyncIterable<Uint8Array>): AsyncGenerator<SseMessage> {
  const parse = createSseParser();
  for await (const chunk of body) yield* parse(chunk);
}

function nextLineEnd(text: string, from: number): number {
  lineEnd.lastIndex = from;
  return lineEnd.exec(text)?.index ?? -1;
}
