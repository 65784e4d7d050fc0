import type { ByteStream } from "../../lib/index.js";
import type { Reply } from "../http/index.js";

const lastWord = new TextEncoder().encode(": the token has ended\n\n");

/** The same events; if they stop because the token behind them has ended, a comment says so. */
export function withLastWord(reply: Reply, ended: AbortSignal): Reply {
  const { body, headers } = reply;
  if (headers["Content-Type"] !== "text/event-stream" || typeof body !== "object" || body instanceof Uint8Array) return reply;
  return { ...reply, body: spoken(body, ended) };
}

function spoken(events: ByteStream, ended: AbortSignal): ByteStream {
  return {
    [Symbol.asyncIterator]() {
      const iterator = events[Symbol.asyncIterator]();
      let isOver = false;
      return {
        async next() {
          if (isOver) return { done: true, value: undefined };
          const step = await iterator.next();
          isOver = step.done === true;
          return isOver && ended.aborted ? { done: false, value: lastWord } : step;
        },
        async return() {
          await iterator.return?.();
          return { done: true, value: undefined };
        },
      };
    },
    ...(events.free && { free: () => events.free?.() }),
  };
}
