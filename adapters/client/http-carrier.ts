import { Agent, type ClientRequest, type IncomingMessage, request as httpRequest, type RequestOptions } from "node:http";
import { formatAddress } from "../../lib/address.js";
import { AnodeError, isAnodeError } from "../../lib/errors.js";
import { codeOf } from "../../lib/thrown.js";
import { parseBaseUrl } from "./base-url.js";
import { type Carrier, type CarrierCall, type CarrierReply, chunksOf } from "./carrier.js";
import { sendBody } from "./send-body.js";
import type { SocketPlace } from "./peer-socket.js";
import { toWire } from "./wire.js";

/** Limits of a connection; 0 = none. */
export interface HttpCarrierOptions {
  /** Time for the connection. @defaultValue 10000 ms */
  readonly connectMs?: number;
  /** Time from there to the head of the answer, which may be held for 55 s. @defaultValue 75000 ms */
  readonly headersMs?: number;
  /** Silence within an answer; streams send a heartbeat each 15 s. @defaultValue 60000 ms */
  readonly idleMs?: number;
  /** The run this process belongs to; it only takes powers away. @defaultValue `$ANODE_RUN_ID` */
  readonly runId?: string;
}

const isBun = process.versions["bun"] !== undefined;
/** How much later than asked for the head of a held answer may come. */
const heldGraceMs = 20_000;

/** There is no TLS here: left to itself, node:http would look whether the host is an address, and compile a dear pattern for that. */
const noServerName = { servername: "" };

/** The place that requests go to, and how people read it. */
interface Place {
  readonly options: RequestOptions;
  readonly prefix: string;
  readonly address: string;
  readonly socket: Pick<SocketPlace, "url" | "socketPath">;
}

/**
 * Calls a daemon over HTTP on TCP or on its Unix socket, over connections that are kept and shared. It follows no redirect
 * and calls no other place than this one.
 * @throws `invalid_request` for a url that is none of ours
 */
export function httpCarrier(target: { readonly url: string } | { readonly socketPath: string }, options: HttpCarrierOptions = {}): Carrier {
  const { connectMs = 10_000, headersMs = 75_000, idleMs = 60_000, runId = process.env["ANODE_RUN_ID"] } = options;
  const place = "url" in target ? placeOfUrl(target.url) : placeOfSocket(target.socketPath);
  const agent = new Agent({ keepAlive: true });
  const own = runId ? { "anode-run": runId } : {};

  function send({ operation, input, headers, signal, file }: CarrierCall): Promise<CarrierReply> {
    const { target: path, body, headers: ofBody } = toWire(operation, input, file);
    const isStreamed = typeof body === "object" && !(body instanceof Uint8Array);
    const length = typeof body === "string" ? { "content-length": Buffer.byteLength(body) } : {};
    const request = httpRequest({
      ...noServerName,
      ...place.options,
      agent,
      method: operation.method,
      path: place.prefix + path,
      headers: { ...headers, ...own, ...ofBody, ...length },
    });
    const stop = (): void => void request.destroy(signal.reason as Error);
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    request.once("close", () => signal.removeEventListener("abort", stop));
    limitWaiting(request, connectMs, waitingMs(headersMs, input["timeout_ms"]), place.address, file !== undefined);
    return new Promise((resolve, reject) => {
      request.on("error", (error) => reject(toTransportError(error, place.address)));
      request.on("response", (response) => resolve(toReply(response, idleMs, place.address, signal)));
      if (!isStreamed) request.end(body);
      else
        sendBody(request, chunksOf(body)).catch((error: unknown) => {
          // Its own words, not those of a connection that breaks off because of it.
          reject(error);
          request.destroy();
        });
    });
  }

  return {
    address: place.address,
    send,
    async openSocket(headers, events) {
      // Most clients open none.
      const open = isBun ? (await import("./native-socket.js")).openNativeSocket : (await import("./peer-socket.js")).openPeerSocket;
      return open({ ...place.socket, address: place.address, connectMs }, { ...headers, ...own }, events);
    },
    close: async () => agent.destroy(),
  };
}

/** An answer that is asked to come later may. */
function waitingMs(headersMs: number, timeoutMs: unknown): number {
  return headersMs > 0 && typeof timeoutMs === "number" ? Math.max(headersMs, timeoutMs + heldGraceMs) : headersMs;
}

function placeOfUrl(url: string): Place {
  const { address, prefix } = parseBaseUrl(url);
  const shown = formatAddress(address) + prefix;
  return {
    options: { host: address.host, port: address.port },
    prefix,
    address: shown,
    socket: { url: `${shown.replace(/^http/, "ws")}/ws` },
  };
}

function placeOfSocket(path: string): Place {
  const socket = { url: "ws://localhost/ws", socketPath: path };
  return { options: { socketPath: path }, prefix: "", address: formatAddress({ kind: "unix", path }), socket };
}

function limitWaiting(request: ClientRequest, connectMs: number, headersMs: number, address: string, isUpload: boolean): void {
  let timer: NodeJS.Timeout | undefined;
  const wait = (ms: number, error: () => AnodeError): void => {
    clearTimeout(timer);
    timer = ms > 0 ? setTimeout(() => request.destroy(error()), ms) : undefined;
  };
  const answer = (): void => wait(headersMs, () => new AnodeError("connection_lost", `${address} gave no answer within ${headersMs} ms.`));
  // An upload takes its time; the answer to it is waited for when it is out.
  const connected = isUpload ? () => clearTimeout(timer) : answer;
  request.once("socket", (socket) => {
    if (!socket.connecting) return connected();
    wait(connectMs, () => new AnodeError("connection_refused", `${address} took no connection within ${connectMs} ms.`));
    socket.once("connect", connected);
  });
  if (isUpload) request.once("finish", answer);
  request.once("response", () => {
    request.off("finish", answer);
    clearTimeout(timer);
  });
  request.once("close", () => clearTimeout(timer));
}

function toReply(response: IncomingMessage, idleMs: number, address: string, signal: AbortSignal): CarrierReply {
  const headers = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
  // Nobody reads a body that cannot be there, and the connection waits for that.
  if (response.statusCode === 204) response.resume();
  return { status: response.statusCode ?? 0, headers, body: bodyOf(response, idleMs, address, signal) };
}

async function* bodyOf(response: IncomingMessage, idleMs: number, address: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const lost = (): void =>
    void response.destroy(new AnodeError("connection_lost", `${address} was silent for ${idleMs} ms in the middle of an answer.`));
  const chunks = response.iterator({ destroyOnReturn: false });
  try {
    for (;;) {
      // The time that our own reader takes is not silence.
      const timer = idleMs > 0 ? setTimeout(lost, idleMs) : undefined;
      const { done, value } = await chunks.next().finally(() => clearTimeout(timer));
      if (done) return;
      yield value as Uint8Array;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw toTransportError(error, address);
  } finally {
    if (!response.complete) response.destroy();
  }
}

const nobodyThere = new Set([
  "ECONNREFUSED",
  "ENOENT",
  "ENOTDIR",
  "EACCES",
  "EPERM",
  "ENOTSOCK",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EINVAL",
]);

/** What starts a daemon there: the default one is at a port of its own choice. */
function startOf(address: string): string {
  return address.startsWith("http:")
    ? `\`anode daemon --addr ${address.slice("http://".length)}\` starts one there.`
    : "`anode daemon` starts one.";
}

function toTransportError(error: unknown, address: string): AnodeError {
  if (isAnodeError(error)) return error;
  const reason = codeOf(error) ?? String(error);
  const made = (code: "connection_refused" | "connection_lost" | "protocol_error", what: string, hint?: string) =>
    new AnodeError(code, `${what} (${reason}).`, { cause: error, ...(hint !== undefined && { details: { hint } }) });
  if (nobodyThere.has(reason)) return made("connection_refused", `No daemon answers at ${address}`, startOf(address));
  if (reason.startsWith("HPE_") || reason.startsWith("ERR_")) return made("protocol_error", `${address} does not speak as a daemon does`);
  return made("connection_lost", `The connection to ${address} was lost`);
}
