import { type IncomingMessage, request } from "node:http";
import { AnodeError } from "../../lib/errors.js";
import type { PeerSocket, SocketEvents } from "./carrier.js";
import type { SocketPlace } from "./peer-socket.js";
import { toRefusal } from "./refusal.js";

/** What the WebSocket of such a runtime can do beyond the standard. */
interface NativeSocket extends WebSocket {
  terminate?(): void;
}

/** Refusals that tell of the caller or of the daemon, whatever was asked for. */
const telling = new Set([401, 403, 421, 429, 503]);

/**
 * Opens a WebSocket of the mesh with the one that the runtime has itself. Where plugins of agents run (Bun), the package `ws` is an
 * imitation that knows neither Unix sockets nor why it was refused.
 * @throws what the daemon refuses such a caller with; `connection_refused`
 */
export function openNativeSocket(place: SocketPlace, headers: Readonly<Record<string, string>>, events: SocketEvents): Promise<PeerSocket> {
  const { socketPath, url, connectMs } = place;
  const { promise, resolve, reject } = Promise.withResolvers<PeerSocket>();
  const at = socketPath === undefined ? url : `ws+unix://${socketPath}:${new URL(url).pathname}`;
  const ws: NativeSocket = new WebSocket(at, { protocols: ["anode.mesh.v1"], headers: { ...headers } });
  const cut = (): void => (ws.terminate ? ws.terminate() : ws.close());
  const timer = setTimeout(cut, connectMs);
  let isOpen = false;
  ws.addEventListener("open", () => {
    clearTimeout(timer);
    isOpen = true;
    resolve({ send: (text) => ws.send(text), close: () => ws.close(1000), cut });
  });
  ws.addEventListener("message", ({ data }) => events.message(String(data)));
  // Without a listener some take an error for one that nobody caught; the close behind it is what tells.
  ws.addEventListener("error", () => {});
  ws.addEventListener("close", ({ code, reason }) => {
    clearTimeout(timer);
    if (isOpen) events.closed(code, reason);
    else whyRefused(place, headers).then(reject, reject);
  });
  return promise;
}

/** Such a WebSocket does not say why it was refused: a plain request is refused for the same reasons. */
function whyRefused({ url, socketPath, address, connectMs }: SocketPlace, headers: Readonly<Record<string, string>>): Promise<AnodeError> {
  const { hostname, port, pathname } = new URL(url);
  const where = socketPath === undefined ? { host: hostname, port } : { socketPath };
  const lost = (error?: Error): AnodeError =>
    new AnodeError("connection_refused", `No daemon opens a WebSocket at ${address}.`, { ...(error && { cause: error }) });
  return new Promise((resolve) => {
    const asked = request({ ...where, path: pathname, headers: { ...headers }, timeout: connectMs, agent: false });
    asked.on("error", (error) => resolve(lost(error)));
    asked.on("timeout", () => asked.destroy(new Error("It gives no answer.")));
    asked.on("response", (response: IncomingMessage) => {
      if (!telling.has(response.statusCode ?? 0)) {
        response.resume();
        return resolve(lost());
      }
      toRefusal(response).then(resolve, (error: Error) => resolve(lost(error)));
    });
    asked.end();
  });
}
