import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** A raw connection: what it received so far, and whether the server has ended it. */
export interface Wire {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  text(): string;
  /** Resolves when the text received so far fulfils the condition, or the connection is over. */
  until(done: (text: string) => boolean): Promise<string>;
}

/** Connects to a loopback port or a Unix socket; destroyed when the test ends. */
export function open(at: number | string): Wire {
  const socket = typeof at === "number" ? connect(at, "127.0.0.1") : connect(at);
  let received = "";
  let look: () => void = () => {};
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    received += bytes.toString("latin1");
    look();
  });
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  void closed.then(() => look());
  onTestFinished(() => void socket.destroy());
  return {
    socket,
    closed,
    text: () => received,
    until: (done) =>
      new Promise((resolve) => {
        look = () => (done(received) || socket.destroyed) && resolve(received);
        look();
      }),
  };
}

/** The statuses of the replies in a text that came over one connection; fails on anything between them. */
export function statuses(text: string): number[] {
  const found: number[] = [];
  let rest = text;
  while (rest !== "") {
    const head = /^HTTP\/1\.1 (\d{3}) [^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n/.exec(rest);
    if (!head) throw new Error(`Not a reply: ${JSON.stringify(rest.slice(0, 200))}`);
    found.push(Number(head[1]));
    const length = /^content-length: (\d+)\r$/im.exec(head[2] ?? "");
    rest = rest.slice(head[0].length + Number(length?.[1] ?? 0));
  }
  return found;
}

/** Replies begun in a text. */
export const countOf = (text: string): number => text.split("HTTP/1.1 ").length - 1;

// Requests as text, in which PORT stands for the door's port.
export const localHost = "Host: localhost:PORT\r\n";
export const bye = "Connection: close\r\n";
export const get = (target = "/runs", headers = ""): string => `GET ${target} HTTP/1.1\r\n${localHost}${headers}\r\n`;
export const postHead = (headers: string): string => `POST /runs HTTP/1.1\r\n${localHost}Content-Type: application/json\r\n${headers}\r\n`;
export const post = (body: string, headers = ""): string => postHead(`Content-Length: ${Buffer.byteLength(body)}\r\n${headers}`) + body;
export const chunks = (body: string, headers = ""): string => postHead(`Transfer-Encoding: chunked\r\n${headers}`) + body;
export const filled = (text: string, port: number): string => text.replaceAll("PORT", String(port));
