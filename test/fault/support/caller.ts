import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** One reply, as raw as it came. */
export interface Answered {
  readonly status: number;
  /** Header names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A client that sends whatever bytes it is given, one request at a time over a connection that it keeps while it may. */
export interface Caller {
  /**
   * A reply without a length is read to its end; with `until` = `head` it is left after its head.
   * @throws when there is no whole reply within 10 s, or none at all
   */
  send(bytes: string | Uint8Array, until?: "head" | "whole"): Promise<Answered>;
}

const longestMs = 10_000;

/** Connects to a loopback port or a Unix socket when there is something to send. */
export function createCaller(at: number | string): Caller {
  let kept: Socket | undefined;
  onTestFinished(() => void kept?.destroy());

  function connection(): Socket {
    if (kept && !kept.destroyed && kept.writable) return kept;
    kept = typeof at === "number" ? connect(at, "127.0.0.1") : connect(at);
    // Whoever waits hears of it by the close.
    return kept.setNoDelay(true).on("error", () => {});
  }

  return {
    send: (bytes, until = "whole") =>
      new Promise((resolve, reject) => {
        const socket = connection();
        const isHead = Buffer.from(bytes.slice(0, 5) as string).toString() === "HEAD ";
        const parts: Buffer[] = [];
        const settle = (answer: Answered | Error): void => {
          clearTimeout(timer);
          socket.off("data", take).off("close", closed);
          const keeps = !(answer instanceof Error) && answer.headers.get("connection") !== "close";
          if (!keeps) {
            socket.destroy();
            kept = undefined;
          }
          if (answer instanceof Error) reject(answer);
          else resolve(answer);
        };
        const take = (part: Buffer): void => {
          parts.push(part);
          const answer = readReply(Buffer.concat(parts), isHead, until === "head");
          if (answer) settle(answer);
        };
        const closed = (): void =>
          settle(readReply(Buffer.concat(parts), isHead, true) ?? new Error("The connection ended without a reply."));
        const timer = setTimeout(() => settle(new Error("There was no whole reply in time.")), longestMs);
        socket.on("data", take).on("close", closed);
        socket.write(bytes);
      }),
  };
}

/** The reply in these bytes, when it is whole: by its length, or where it has none and that is enough, as far as it came. */
function readReply(bytes: Buffer, isHead: boolean, enough: boolean): Answered | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [line = "", ...fields] = bytes.toString("latin1", 0, end).split("\r\n");
  const headers = new Map(fields.map((field) => [field.slice(0, field.indexOf(":")).toLowerCase(), field.slice(field.indexOf(":") + 2)]));
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1]);
  if (!(status >= 100)) throw new Error(`Not a reply: ${line.slice(0, 100)}`);
  if (status === 100) return readReply(bytes.subarray(end + 4), isHead, enough);
  if (isHead || status === 204 || status === 304) return { status, headers, body: "" };
  const length = headers.get("content-length");
  const body = bytes.subarray(end + 4);
  if (length === undefined) return enough ? { status, headers, body: body.toString("utf8") } : undefined;
  return body.length >= Number(length) ? { status, headers, body: body.toString("utf8", 0, Number(length)) } : undefined;
}
