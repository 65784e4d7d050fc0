import type { Handle, Reply } from "../../../adapters/http/call.js";
import { isStreamed } from "../../../adapters/http/call.js";
import { runRequest } from "../../../lib/runs/schema.js";

/** Doors that are wrong in one thing each; a proof that lets one of them pass is none. */
type Mutant = (handle: Handle) => Handle;

/** Takes a reader's cursor for the next event instead of the last one. */
export const offByOneCursor: Mutant = (handle) => (call) => {
  const at = call.rawHeaders.findIndex((name) => name.toLowerCase() === "last-event-id");
  const cursor = Number(call.rawHeaders[at + 1]);
  return handle(at < 0 || !(cursor > 0) ? call : { ...call, rawHeaders: call.rawHeaders.with(at + 1, String(cursor - 1)) });
};

/** Sends the last event of a stream twice. */
export const lastEventTwice: Mutant = (handle) => async (call) =>
  withBody(await handle(call), async function* (body) {
    let last: Uint8Array | undefined;
    for await (const bytes of body) {
      last = bytes;
      yield bytes;
    }
    if (last) yield last;
  });

/** Writes line ends of texts as line ends of the stream. */
export const rawLineEnds: Mutant = (handle) => async (call) =>
  withBody(await handle(call), async function* (body) {
    for await (const bytes of body) yield Buffer.from(Buffer.from(bytes).toString("latin1").replaceAll("\\n", "\n"), "latin1");
  });

/** Waits for a seq that is not there yet, or never will be, instead of refusing the cursor. */
export const patientWithCursors: Mutant = (handle) => async (call) => {
  const reply = await handle(call);
  if (reply.status !== 400) return reply;
  await new Promise<void>((resolve) => call.signal.addEventListener("abort", () => resolve()));
  return reply;
};

/** Overlooks what the parser found wrong, and serves every version of HTTP. */
export const forgiving: Mutant = (handle) => (call) => handle({ ...call, fault: undefined, httpVersion: "1.1" });

/** Keeps a queue for each reader and fills it as fast as the log gives. */
export const queuePerReader: Mutant = (handle) => async (call) =>
  withBody(await handle(call), async function* (body) {
    const queue: Uint8Array[] = [];
    let wake = (): void => {};
    let ended = false;
    void (async () => {
      for await (const bytes of body) {
        queue.push(bytes);
        wake();
      }
      ended = true;
      wake();
    })();
    while (!ended || queue.length > 0) {
      const next = queue.shift();
      if (next) yield next;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  });

/** Parses and validates before it looks: what a server does that trusts its parser. */
export const parsesFirst: Mutant = (handle) => async (call) => {
  const parts: Uint8Array[] = [];
  for await (const part of call.body()) parts.push(part);
  const bytes = Buffer.concat(parts);
  try {
    void runRequest.safeParse(JSON.parse(bytes.toString("utf8")), { reportInput: true }).error?.message;
  } catch {
    // The parser, or the stack, had enough.
  }
  async function* body(): AsyncGenerator<Uint8Array> {
    yield bytes;
  }
  return handle({ ...call, body });
};

function withBody(reply: Reply, change: (body: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>): Reply {
  return isStreamed(reply.body) ? { ...reply, body: change(reply.body) } : reply;
}
