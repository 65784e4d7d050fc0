import type { IncomingMessage, Server, ServerOptions, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { AnodeError } from "../../../lib/errors.js";
import type { Log } from "../../../lib/host.js";
import { defaultLimits, type Limits } from "../../../lib/limits.js";
import type { Call, Connection, Door, Handle, Reply } from "../call.js";
import { toFault } from "./client-error.js";
import { createPace } from "./pace.js";
import { writeRawReply } from "./raw-reply.js";
import { createRequestBody, type RequestBody } from "./request-body.js";
import { createTurns, type Turns } from "./turns.js";
import { writeReply } from "./write-reply.js";
import { withBearer } from "../ws/bearer.js";

/** What a `node:http` door is made with beside the handler and the door. */
export interface NodeDoorOptions {
  /** @defaultValue the defaults */
  readonly limits?: Limits;
  /** Learns of streams that broke. @defaultValue nobody */
  readonly log?: Log;
}

/** The HTTP face on `node:http`. */
export interface NodeDoor {
  /** For `request` events; also inside a server that has routes of its own. */
  readonly listener: (request: IncomingMessage, response: ServerResponse) => void;
  /** For `createServer`: no time-out, header size or check of its own is looser than the limits. */
  readonly serverOptions: ServerOptions;
  /** Makes a server this door's: every event that ends in an answer, and the caps on connections. */
  attach(server: Server): void;
}

/** What is known of a connection while it lasts. */
interface Line {
  readonly connection: Connection;
  readonly turns: Turns;
  requests: number;
  /** The newest request, whose body may still be coming. Let go with its answer: a connection that waits holds no request. */
  newest: { readonly request: IncomingMessage; readonly body: RequestBody } | undefined;
  /** Belongs to the call that is being answered. */
  gone: AbortController | undefined;
}

/** What a call brings that the request itself does not say. */
type Head = Pick<IncomingMessage, "method" | "url" | "httpVersion" | "rawHeaders">;
type Extra = Pick<Call, "fault" | "upgrade"> & { readonly expects?: boolean };

/** Pipelined requests of a connection that are read ahead of their turn. */
const mostReadAhead = 32;

/** A door for TCP and for Unix sockets over the same handler. */
export function createNodeDoor(handle: Handle, door: Door, options: NodeDoorOptions = {}): NodeDoor {
  const { limits = defaultLimits, log = () => {} } = options;
  const lines = new WeakMap<Socket, Line>();
  const pace = createPace();
  const onStreamError = (error: unknown): void => log("error", "http.stream_failed", { error: String(error) });

  function lineOf(socket: Socket): Line {
    const known = lines.get(socket);
    if (known) return known;
    // The requests of one turn of the event loop are served together: their bodies are there, they share a commit, and their
    // answers go out one right after the other.
    const turns = createTurns(pace.turn, () => socket.isPaused() && socket.resume());
    const line: Line = { connection: connectionOf(socket), turns, requests: 0, newest: undefined, gone: undefined };
    lines.set(socket, line);
    socket.once("close", () => line.gone?.abort());
    return line;
  }

  function serve(request: IncomingMessage, response: ServerResponse, extra: Extra = {}): void {
    const { socket } = request;
    const line = lineOf(socket);
    if (++line.requests > limits.requestsPerConnection) return;
    const last = line.requests === limits.requestsPerConnection;
    const body = createRequestBody(request, limits.requestMs, () => extra.expects && response.writeContinue());
    const newest = { request, body };
    line.newest = newest;
    takeTurn(socket, line, request, body.read, extra, (reply) => {
      if (line.newest === newest && request.complete) line.newest = undefined;
      return writeReply({ request, response, stallMs: limits.stallMs, pace, last, onStreamError }, reply);
    });
    if (line.turns.waiting >= mostReadAhead) socket.pause();
  }

  /** Answers where `node:http` gives no response object. */
  function serveRaw(socket: Socket, request: Head, extra: Extra, upgraded?: (reply: Reply) => void): void {
    takeTurn(socket, lineOf(socket), request, emptyBody, extra, (reply) => {
      if (reply.takeOver && upgraded) upgraded(reply);
      else writeRawReply(socket, reply);
      return false;
    });
  }

  /** `send` says whether the connection goes on. */
  function takeTurn(
    socket: Socket,
    line: Line,
    head: Head,
    body: Call["body"],
    extra: Extra,
    send: (reply: Reply) => boolean | Promise<boolean>,
  ): void {
    line.turns.add(async () => {
      const gone = new AbortController();
      if (socket.destroyed) gone.abort();
      line.gone = gone;
      try {
        return await send(await handle(toCall(door, line.connection, head, body, gone.signal, extra)));
      } catch (error) {
        log("error", "http.answer_failed", { error: String(error) });
        socket.destroy();
        return false;
      } finally {
        line.gone = undefined;
      }
    });
  }

  function leaveHttp(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => {});
    const { method, url, httpVersion } = request;
    const upgrade = method !== "CONNECT";
    const rawHeaders = upgrade ? [...withBearer(request.rawHeaders)] : request.rawHeaders;
    serveRaw(socket as Socket, { method, url, httpVersion, rawHeaders } as Head, { upgrade }, ({ takeOver }) => {
      // What is no HTTP connection any more takes the place of none.
      server.maxConnections += 1;
      socket.once("close", () => (server.maxConnections -= 1));
      takeOver?.({ request, socket, head });
    });
  }

  function clientError(error: NodeJS.ErrnoException, duplex: Duplex): void {
    const socket = duplex as Socket;
    const fault = toFault(error);
    if (!fault || !socket.writable) return void socket.destroy();
    const line = lineOf(socket);
    // Bytes that break a body belong to the request whose body it is, and to its one answer.
    if (line.newest && !line.newest.request.complete) line.newest.body.fail(fault);
    else serveRaw(socket, { httpVersion: "1.1", rawHeaders: [] }, { fault });
  }

  return {
    listener: (request, response) => serve(request, response),
    serverOptions: {
      requireHostHeader: false,
      insecureHTTPParser: false,
      maxHeaderSize: limits.headerBytes,
      headersTimeout: Math.min(limits.headerMs, limits.requestMs),
      // The body of an upload has more time; that of any other is timed where it is read.
      requestTimeout: Math.max(limits.requestMs, limits.uploadMs),
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: Math.min(1_000, limits.headerMs),
    },
    attach(server) {
      server.maxConnections = limits.connections;
      // Headers over this count are dropped without a word: it must lie above the one at which the gate refuses.
      server.maxHeadersCount = limits.headerCount + 1;
      server.on("request", (request, response) => serve(request, response));
      server.on("checkContinue", (request, response) => serve(request, response, { expects: true }));
      server.on("checkExpectation", (request, response) =>
        serve(request, response, { fault: new AnodeError("expectation_failed", "The only expectation met is 100-continue.") }),
      );
      server.on("connect", (request, socket, head) => leaveHttp(server, request, socket, head));
      server.on("upgrade", (request, socket, head) => leaveHttp(server, request, socket, head));
      server.on("clientError", clientError);
    },
  };
}

function toCall(
  door: Door,
  connection: Connection,
  request: Head,
  body: Call["body"],
  signal: AbortSignal,
  { fault, upgrade }: Extra,
): Call {
  const { method = "", url: target = "", httpVersion, rawHeaders } = request;
  return { method, target, httpVersion, rawHeaders, door, connection, address: connection.remoteAddress, signal, body, fault, upgrade };
}

async function* emptyBody(): AsyncGenerator<Uint8Array> {}

function connectionOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): Connection {
  return { localAddress, localPort, remoteAddress, remotePort };
}
