import type { Call, Door, Reply } from "../../../adapters/http/call.js";
import { createContractHandler, type HandlerOptions } from "../../../adapters/http/handler.js";
import { readHeaders, type HeaderMap } from "../../../adapters/http/headers.js";
import { allScopes } from "../../../lib/caller.js";
import type { CallContext, Operation } from "../../../lib/contract/operation.js";
import { AnodeError, isAnodeError } from "../../../lib/errors.js";
import { systemHost } from "../../../lib/system-host.js";

/** A row of the contract with everything that a test does not care about. */
export function row(part: Partial<Operation> & Pick<Operation, "name" | "method" | "path">): Operation {
  const body = part.body ?? (part.method === "POST" ? "json" : "none");
  return {
    aliases: [],
    scope: "read",
    success: 200,
    codes: [],
    body,
    limit_bytes: body === "none" ? 0 : 1_048_576,
    reply: "json",
    idempotent: false,
    summary: "A row.",
    ...part,
  };
}

export const operations: readonly Operation[] = [
  row({ name: "health", method: "GET", path: "/health", scope: "none" }),
  row({ name: "runs.start", method: "POST", path: "/runs", scope: "control", success: 201, idempotent: true }),
  row({ name: "runs.list", method: "GET", path: "/runs" }),
  row({ name: "runs.get", method: "GET", path: "/runs/{id}" }),
  row({ name: "runs.cancel", method: "DELETE", path: "/runs/{id}", scope: "control" }),
  row({ name: "runs.events", method: "GET", path: "/runs/{id}/events", reply: "stream" }),
  row({ name: "runs.input", method: "POST", path: "/runs/{id}/input", scope: "control" }),
  row({ name: "runs.prune", method: "POST", path: "/runs/prune", scope: "admin" }),
  row({ name: "openapi", method: "GET", path: "/openapi.json" }),
];

export const tcpDoor: Door = { kind: "tcp", hosts: ["localhost:7433", "127.0.0.1:7433", "[::1]:7433"], origins: ["http://127.0.0.1:7433"] };
export const token = "good-token";
export const bearer: readonly string[] = ["Authorization", `Bearer ${token}`];

/** A call as a well-behaved client makes it, changed where the test says so. `headers` come after Host and credential. */
export function call(part: Partial<Call> & { headers?: readonly string[]; bytes?: Uint8Array | string } = {}): Call {
  const { headers = [], bytes = "", ...rest } = part;
  const body = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  return {
    method: "GET",
    target: "/runs",
    httpVersion: "1.1",
    rawHeaders: ["Host", "127.0.0.1:7433", ...bearer, ...headers],
    door: tcpDoor,
    address: "127.0.0.1",
    signal: new AbortController().signal,
    async *body() {
      if (body.length > 0) yield body;
    },
    ...rest,
  };
}

/** A body that knows whether anybody asked for it. */
export function watchedBody(): { body: Call["body"]; read: boolean } {
  const watched = {
    read: false,
    body(): AsyncIterable<Uint8Array> {
      watched.read = true;
      return ReadableStream.from([new Uint8Array(0)]);
    },
  };
  return watched;
}

/** A POST with a JSON body. */
export function post(target: string, body: unknown, headers: readonly string[] = []): Call {
  return call({ method: "POST", target, headers: ["Content-Type", "application/json", ...headers], bytes: JSON.stringify(body) });
}

export interface Performed {
  readonly operation: string;
  readonly input: Record<string, unknown>;
  readonly context: CallContext;
}

/** A handler whose operations only note that they were reached. */
export function testHandler(part: Partial<HandlerOptions> = {}): { handle: (call: Call) => Promise<Reply>; performed: Performed[] } {
  const performed: Performed[] = [];
  const handle = createContractHandler({
    operations,
    hosts: [],
    host: systemHost,
    authenticate: ({ rawHeaders }) => {
      const at = rawHeaders.findIndex((name) => name.toLowerCase() === "authorization");
      if (at < 0) return undefined;
      if (rawHeaders[at + 1] !== `Bearer ${token}`)
        throw new AnodeError("auth_invalid", "The token is not one of ours.", { details: { reason: "unknown" } });
      return { id: "owner", door: "tcp", scopes: allScopes };
    },
    perform: async (operation, input, context) => {
      performed.push({ operation: operation.name, input, context });
      return { status: operation.success, body: { done: operation.name } };
    },
    ...part,
  });
  return { handle, performed };
}

/** The document of a reply. */
export function documentOf(reply: Reply): Record<string, unknown> {
  return JSON.parse(reply.body as string);
}

export function headerMap(...raw: readonly string[]): HeaderMap {
  return readHeaders(raw);
}

/** The code that a check refuses with, or `passes`. */
export function outcome(check: () => unknown): string {
  try {
    check();
    return "passes";
  } catch (error) {
    if (isAnodeError(error)) return error.code;
    throw error;
  }
}

/** The same of a check that waits. */
export async function outcomeOf(check: () => Promise<unknown>): Promise<string> {
  try {
    await check();
    return "passes";
  } catch (error) {
    if (isAnodeError(error)) return error.code;
    throw error;
  }
}
