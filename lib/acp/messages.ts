import { isObject } from "../plain-object.js";

/** A pair of streams of JSON-RPC messages. */
export interface MessageStream {
  readonly readable: ReadableStream<unknown>;
  readonly writable: WritableStream<unknown>;
}

/** A message that is a request or notification: it has a method. */
interface Call {
  readonly id?: unknown;
  readonly method: string;
  readonly params?: unknown;
}

/** One line at most; what is longer is no message. */
const lineBytes = 32 * 1024 * 1024;
/** Of a line that is no message so much is shown. */
const shownUnits = 16 * 1024;

/** The messages in the bytes an agent writes, one object per line; whatever else stands there goes to `stray`. */
export async function* messagesOf(source: AsyncIterable<Uint8Array>, stray: (text: string) => void): AsyncGenerator<object, void> {
  const decoder = new TextDecoder();
  let open = "";
  let lost = false;
  for await (const chunk of source) {
    const lines = (open + decoder.decode(chunk, { stream: true })).split("\n");
    open = lines.pop() ?? "";
    for (const line of lines) {
      const message = lost ? undefined : parseLine(line, stray);
      lost = false;
      if (message) yield message;
    }
    if (open.length <= lineBytes) continue;
    if (!lost) stray(`${open.slice(0, shownUnits)} …`);
    open = "";
    lost = true;
  }
  const message = lost ? undefined : parseLine(open + decoder.decode(), stray);
  if (message) yield message;
}

function parseLine(line: string, stray: (text: string) => void): object | undefined {
  const text = line.trim();
  if (text === "") return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Told below.
  }
  stray(text.slice(0, shownUnits));
  return undefined;
}

/** True for a request or notification. */
export function isCall(message: unknown): message is Call {
  return typeof message === "object" && message !== null && "method" in message && typeof message.method === "string";
}

/** True for what is a request or its answer, and so must reach the protocol's own bookkeeping. */
export function isAddressed(message: unknown): boolean {
  return typeof message === "object" && message !== null && "id" in message;
}

/** Two ends of one line in memory. */
export function linkedPair(): readonly [MessageStream, MessageStream] {
  const there = new TransformStream<unknown, unknown>();
  const back = new TransformStream<unknown, unknown>();
  return [
    { readable: back.readable, writable: there.writable },
    { readable: there.readable, writable: back.writable },
  ];
}
