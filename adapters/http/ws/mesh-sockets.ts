import type { ServerOptions, WebSocket, WebSocketServer } from "ws";
import { operations } from "../../../lib/contract/index.js";
import { AnodeError, isAnodeError } from "../../../lib/errors.js";
import type { Mesh, Opening, PeerLink, Wire } from "../../../lib/index.js";
import { invalidJson } from "../gate/byte-scan.js";
import { parseJsonObject } from "../gate/json-body.js";
import type { Sockets, UpgradeRequest } from "../sockets.js";

/** What serves the sockets of peers. */
export interface MeshSocketsOptions {
  readonly mesh: Mesh;
  /** Lets a client bring its credential in its first frame. @defaultValue false */
  readonly firstFrameAuth?: boolean;
}

const subprotocol = "anode.mesh.v1";
/** Time for the other end to answer a close, before the connection is cut. */
const closeMs = 2_000;

/** The sockets of a mesh's peers, at `/ws`. */
export function createMeshSockets({ mesh, firstFrameAuth = false }: MeshSocketsOptions): Sockets {
  const { sockets, manager } = mesh;
  const { limits } = manager;
  // Two of them are not in the package's types.
  const options: ServerOptions & { readonly maxFragments: number; readonly closeTimeout: number } = {
    noServer: true,
    clientTracking: true,
    perMessageDeflate: false,
    maxPayload: limits.frameBytes,
    maxFragments: limits.frameFragments,
    closeTimeout: closeMs,
    handleProtocols: (protocols) => protocols.has(subprotocol) && subprotocol,
  };
  // Most daemons have no peers: what speaks the protocol, TLS and compression with it, is loaded for the first socket.
  let server: WebSocketServer | undefined;
  const ready = async (): Promise<WebSocketServer> => {
    const { WebSocketServer: Server } = await import("./web-socket-server.js");
    return (server ??= new Server(options));
  };

  function serve(ws: WebSocket, request: UpgradeRequest): void {
    // The token behind it may end while it is open.
    const bind = (signal: AbortSignal): void => {
      const end = (): void => link.close(4001, "the credential has ended");
      signal.addEventListener("abort", end);
      ws.once("close", () => signal.removeEventListener("abort", end));
      if (signal.aborted) end();
    };
    const link: PeerLink = sockets.accept(
      wireOf(ws, () => link.written()),
      openingOf(request, bind),
    );
    const { depth, tokens } = { depth: limits.bodyDepth, tokens: limits.bodyTokens };
    ws.on("message", (data: Buffer, isBinary) => {
      if (!link.isProven && data.length > limits.firstFrameBytes) return link.close(1009, "the first frame is too big");
      try {
        if (isBinary) throw invalidJson("must come in text frames");
        link.receive(parseJsonObject(data, { depth, tokens }));
      } catch (error) {
        link.malformed(isAnodeError(error) ? error : invalidJson("cannot be read"));
      }
    });
    // What is wrong with the framing ends the connection with a code of its own.
    ws.on("error", () => {});
    ws.on("close", () => link.lost());
    bind(request.call.signal);
  }

  return {
    path: "/ws",
    firstFrameAuth,
    open(request) {
      const isFull = (server?.clients.size ?? 0) >= limits.webSockets;
      if (isFull || (!request.caller && sockets.unproven >= limits.unprovenSockets)) {
        throw new AnodeError("too_many_streams", "There are too many WebSocket clients.", { retryAfterSeconds: 30 });
      }
      return ({ request: raw, socket, head }) => {
        const cut = (): void => void socket.destroy();
        void ready().then((serving) => serving.handleUpgrade(raw, socket, head, (ws) => serve(ws, request)), cut);
      };
    },
    async close(graceMs) {
      sockets.close();
      const clients = server?.clients ?? new Set<WebSocket>();
      const { promise, resolve } = Promise.withResolvers<void>();
      const look = (): void => void (clients.size === 0 && resolve());
      for (const ws of clients) ws.once("close", look);
      const timer = setTimeout(resolve, graceMs);
      look();
      await promise;
      clearTimeout(timer);
      for (const ws of clients) ws.terminate();
    },
  };
}

function wireOf(ws: WebSocket, written: () => void): Wire {
  return {
    get unsentBytes() {
      return ws.bufferedAmount;
    },
    send: (text) => ws.send(text, written),
    close(code, reason) {
      // Whoever is not read cannot say goodbye.
      ws.resume();
      ws.close(code, reason);
    },
    reading: (goesOn) => (goesOn ? ws.resume() : ws.pause()),
  };
}

function openingOf({ call, caller, perform, requestId, prove }: UpgradeRequest, bind: (signal: AbortSignal) => void): Opening {
  return {
    ...(caller && { caller }),
    async call(name, input, self) {
      const operation = operations.find((row) => row.name === name);
      if (!operation) throw new AnodeError("not_supported", `${name} is not served here.`, { details: { ability: name } });
      const { body } = await perform(operation, { ...input }, { caller: self, signal: call.signal, requestId });
      return body;
    },
    async prove(token) {
      const proven = await prove(token);
      bind(proven.signal);
      return proven.caller;
    },
  };
}
