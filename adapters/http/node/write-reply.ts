import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Writable } from "node:stream";
import type { ByteStream } from "../../../lib/contract/operation.js";
import { isStreamed, type Reply } from "../call.js";
import type { Pace } from "./pace.js";

/** How long a connection whose answer is out goes on taking what the client still sends. */
export const lingerMs = 1_000;

/** What happens to a request: its answer must come out whole, whatever the client still sends. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly stallMs: number;
  readonly pace: Pace;
  /** The connection has served its last request. */
  readonly last: boolean;
  readonly onStreamError: (error: unknown) => void;
}

/** Sends a reply. Gives `false` when the connection is over with it. */
export function writeReply(exchange: Exchange, reply: Reply): boolean | Promise<boolean> {
  if (exchange.response.destroyed || exchange.request.socket.destroyed) {
    if (isStreamed(reply.body)) void reply.body[Symbol.asyncIterator]().return?.();
    return false;
  }
  if (isStreamed(reply.body)) return writeStream(exchange, reply, reply.body);
  return writeWhole(exchange, reply, reply.body);
}

function writeWhole(exchange: Exchange, reply: Reply, body: string | Uint8Array | undefined): boolean | Promise<boolean> {
  const { request, response, stallMs, last } = exchange;
  // node:http keeps no connection that the client wants closed.
  const close = reply.close === true || last || !request.complete || !response.shouldKeepAlive;
  if (close) response.shouldKeepAlive = false;
  response.writeHead(reply.status, withLength(reply, body));
  if (!request.complete) return writeAheadOfBody(exchange, body);
  response.end(body);
  disconnectWhenStalled(response, request.socket, stallMs);
  return !close;
}

/** The answer to a request whose body is still coming; the last one of its connection. */
async function writeAheadOfBody({ request, response, stallMs }: Exchange, body: string | Uint8Array | undefined): Promise<false> {
  // Closing while bytes come in would reset the connection and could take the answer with it.
  response.flushHeaders();
  if (body !== undefined) response.write(body);
  await rest(request);
  response.end();
  disconnectWhenStalled(response, request.socket, stallMs);
  return false;
}

function withLength(reply: Reply, body: string | Uint8Array | undefined): Record<string, string | number> {
  if (body !== undefined) return { ...reply.headers, "Content-Length": typeof body === "string" ? Buffer.byteLength(body) : body.length };
  const hasNoBody = reply.status === 204 || reply.status === 304 || "Content-Type" in reply.headers;
  return hasNoBody ? reply.headers : { ...reply.headers, "Content-Length": 0 };
}

/** Takes and drops the rest of a body, for a moment. */
function rest(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, lingerMs);
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    request.once("end", done).once("close", done).once("error", done).resume();
  });
}

// The stream goes to the socket as it comes: no chunk framing, the end of the connection is the end of the body.
async function writeStream({ request, response, stallMs, pace, onStreamError }: Exchange, reply: Reply, body: ByteStream): Promise<false> {
  const socket = request.socket;
  response.useChunkedEncodingByDefault = false;
  response.shouldKeepAlive = false;
  response.writeHead(reply.status, reply.headers);
  response.flushHeaders();
  // While an earlier answer is still going out the response has no socket and keeps the bytes itself.
  const out: Writable = response.socket === socket ? socket : response;
  const drain = createDrain(out, socket, stallMs);
  const leave = pace.join();
  try {
    await pour(body, { out, socket, drain, pace });
    response.end();
    disconnectWhenStalled(response, socket, stallMs);
  } catch (error) {
    onStreamError(error);
    socket.destroy();
  } finally {
    drain.end();
    leave();
  }
  return false;
}

/** Writes all of the bytes, as the socket takes them; until their end, or until the connection is gone. */
async function pour(body: ByteStream, { out, socket, drain, pace }: Outlet): Promise<void> {
  const iterator = body[Symbol.asyncIterator]();
  try {
    await new Promise<void>((resolve, reject) => {
      const pull = (): void => {
        if (body.pull) body.pull(give, reject);
        else iterator.next().then(give, reject);
      };
      const goOn = (): void => {
        if (socket.destroyed) return resolve();
        // The kernel has a copy of everything now.
        if (out.writableLength + socket.writableLength === 0) body.free?.();
        pull();
      };
      const give = ({ done, value }: IteratorResult<Uint8Array, undefined>): void => {
        if (done || socket.destroyed) return resolve();
        try {
          if (out.write(value)) pace.pause(goOn);
          else drain.wait(goOn);
        } catch (error) {
          reject(error);
        }
      };
      pull();
    });
  } finally {
    await iterator.return?.();
  }
}

interface Outlet extends Pick<Exchange, "pace"> {
  readonly out: Writable;
  readonly socket: Socket;
  readonly drain: Drain;
}

interface Drain {
  /** Goes on when everything written was taken, or the connection is gone; a reader that takes nothing loses it. */
  wait(goOn: () => void): void;
  /** Takes the listeners away. */
  end(): void;
}

// A fast stream waits thousands of times: the listeners stay, only the time to stall is set anew.
function createDrain(out: Writable, socket: Socket, stallMs: number): Drain {
  let waiting: (() => void) | undefined;
  const done = (): void => {
    const goOn = waiting;
    if (!goOn) return;
    waiting = undefined;
    socket.setTimeout(0);
    goOn();
  };
  const stalled = (): void => void (waiting && socket.destroy());
  out.on("drain", done);
  socket.on("close", done).on("timeout", stalled);
  return {
    wait(goOn) {
      waiting = goOn;
      socket.setTimeout(stallMs);
    },
    end() {
      out.off("drain", done);
      socket.off("close", done).off("timeout", stalled);
    },
  };
}

function disconnectWhenStalled(response: ServerResponse, socket: Socket, stallMs: number): void {
  if (socket.destroyed || socket.writableLength === 0) return;
  const stalled = (): void => void socket.destroy();
  socket.setTimeout(stallMs, stalled);
  // By then node:http has set its own time, that of an idle connection.
  response.once("finish", () => socket.off("timeout", stalled));
}
