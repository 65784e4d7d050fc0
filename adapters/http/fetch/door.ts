import { isStreamed, type Call, type Door, type Handle, type Reply } from "../call.js";

/** What may be told of a request that a web-standard server hands over without it. */
export interface FetchInfo {
  /** The peer's address, if the server knows it. */
  readonly address?: string;
}

/** The HTTP face as a web-standard fetch handler, for servers that give a `Request` and take a `Response`. */
export function toFetchHandler(handle: Handle, door: Door): (request: Request, info?: FetchInfo) => Promise<Response> {
  return async (request, info = {}) => toResponse(await handle(toCall(request, door, info)), request.method === "HEAD");
}

function toCall(request: Request, door: Door, info: FetchInfo): Call {
  const { host, target } = partsOf(request.url);
  const rawHeaders = [...request.headers].flat();
  // Some servers keep Host out of the headers and put it into the URL.
  if (!request.headers.has("host")) rawHeaders.push("host", host);
  return {
    method: request.method,
    target,
    httpVersion: "1.1",
    rawHeaders,
    door,
    address: info.address,
    signal: request.signal,
    body: () => bodyOf(request),
  };
}

// Taken from the text, since a parsed URL has already resolved dot segments and dropped the port of the scheme.
function partsOf(url: string): { host: string; target: string } {
  const parts = /^[a-z]+:\/\/([^/?#]*)([^#]*)/i.exec(url);
  const rest = parts?.[2] ?? "";
  return { host: parts?.[1] ?? "", target: rest.startsWith("/") ? rest : `/${rest}` };
}

async function* bodyOf(request: Request): AsyncGenerator<Uint8Array> {
  if (!request.body) return;
  const reader = request.body.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
  } finally {
    void reader.cancel().catch(() => {});
  }
}

function toResponse(reply: Reply, isHead: boolean): Response {
  const init = { status: reply.status, headers: { ...reply.headers, ...lengthOf(reply) } };
  if (isHead || reply.body === undefined) return new Response(null, init);
  return new Response(isStreamed(reply.body) ? toReadable(reply.body) : (reply.body as string | Uint8Array<ArrayBuffer>), init);
}

function lengthOf(reply: Reply): Record<string, string> {
  if (reply.body === undefined || isStreamed(reply.body)) return {};
  const bytes = typeof reply.body === "string" ? new TextEncoder().encode(reply.body).length : reply.body.length;
  return { "Content-Length": String(bytes) };
}

/** Pulled piece by piece: the source waits while the reader does. */
function toReadable(body: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = body[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await iterator.next();
        if (next.done) controller.close();
        else controller.enqueue(next.value);
      },
      cancel: async () => void (await iterator.return?.()),
    },
    { highWaterMark: 0 },
  );
}
