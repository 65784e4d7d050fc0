import { connect } from "node:net";
import WebSocket from "ws";
import { AnodeError } from "../../lib/errors.js";
import type { PeerSocket, SocketEvents } from "./carrier.js";
import { toRefusal } from "./refusal.js";

/** Where a WebSocket goes. */
export interface SocketPlace {
  /** `ws://host:port/…/ws`; over a Unix socket the host means nothing. */
  readonly url: string;
  readonly socketPath?: string;
  /** For people. */
  readonly address: string;
  readonly connectMs: number;
}

const largestFrame = 4 * 1024 * 1024;

/**
 * Opens a WebSocket of the mesh.
 * @throws what the daemon refused it with; `connection_refused`, `connection_lost`, `protocol_error`
 */
export function openPeerSocket(place: SocketPlace, headers: Readonly<Record<string, string>>, events: SocketEvents): Promise<PeerSocket> {
  const { socketPath, url, address, connectMs } = place;
  const { promise, resolve, reject } = Promise.withResolvers<PeerSocket>();
  const ws = new WebSocket(url, ["anode.mesh.v1"], {
    headers: { ...headers },
    perMessageDeflate: false,
    followRedirects: false,
    handshakeTimeout: connectMs,
    maxPayload: largestFrame,
    ...(socketPath !== undefined && { createConnection: () => connect(socketPath) }),
  });
  let isOpen = false;
  ws.on("open", () => {
    isOpen = true;
    resolve({ send: (text) => ws.send(text, () => {}), close: () => ws.close(1000), cut: () => ws.terminate() });
  });
  ws.on("message", (data: Buffer) => events.message(data.toString("utf8")));
  ws.on("unexpected-response", (request, response) => {
    toRefusal(response)
      .then(reject, reject)
      .finally(() => request.destroy());
  });
  ws.on("error", (error: NodeJS.ErrnoException) => {
    if (!isOpen) reject(toTransportError(error, address));
  });
  ws.on("close", (code, reason) => {
    if (isOpen) events.closed(code, reason.toString("utf8"));
  });
  return promise;
}

const nobodyThere = new Set(["ECONNREFUSED", "ENOENT", "EACCES", "ENOTSOCK", "ENOTFOUND", "EHOSTUNREACH", "ENETUNREACH"]);

function toTransportError(error: NodeJS.ErrnoException, address: string): AnodeError {
  const made = (code: "connection_refused" | "connection_lost", what: string) =>
    new AnodeError(code, `${what} (${error.code ?? error.message}).`, { cause: error });
  return nobodyThere.has(error.code ?? "")
    ? made("connection_refused", `No daemon answers at ${address}`)
    : made("connection_lost", `The connection to ${address} was lost`);
}
