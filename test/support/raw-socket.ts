import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { onTestFinished } from "vitest";
import WebSocket from "ws";
import type { RunningDaemon } from "../../adapters/daemon/index.js";

type Frame = Record<string, unknown> & { readonly type: string };

/** A WebSocket as any client opens it. */
export interface RawSocket {
  readonly ws: WebSocket;
  readonly frames: Frame[];
  /** The close code, once it is closed. */
  readonly closed: Promise<number>;
  send(frame: object): void;
  /** The first frame of a type, from the `at`th on. */
  next(type: string, at?: number): Promise<Frame>;
}

/** How a socket is opened. */
export interface RawSocketOptions {
  readonly over: "tcp" | "unix";
  /** @defaultValue the daemon's own over TCP, none over the Unix socket; `null` = none */
  readonly token?: string | null;
  readonly headers?: Record<string, string>;
  readonly protocols?: string[];
}

/** The daemon's own token. */
export function rootToken(daemon: RunningDaemon): string {
  return readFileSync(daemon.home.token, "utf8").trim();
}

/** Opens a socket; rejects with the status of a refusal. */
export async function rawSocket(daemon: RunningDaemon, options: RawSocketOptions): Promise<RawSocket> {
  const { over, token = over === "tcp" ? rootToken(daemon) : null, headers = {}, protocols = ["anode.mesh.v1"] } = options;
  const url = daemon.addresses.find((address) => address.startsWith("http")) ?? "";
  const ws = new WebSocket(over === "tcp" ? `${url.replace("http", "ws")}/ws` : "ws://localhost/ws", protocols, {
    headers: { ...(token !== null && { authorization: `Bearer ${token}` }), ...headers },
    perMessageDeflate: false,
    ...(over === "unix" && { createConnection: () => connect(daemon.home.socket) }),
  });
  onTestFinished(() => ws.terminate());
  const frames: Frame[] = [];
  const waiting = new Set<() => void>();
  ws.on("message", (data: Buffer) => {
    frames.push(JSON.parse(data.toString()) as Frame);
    for (const look of waiting) look();
  });
  const closed = new Promise<number>((resolve) => void ws.on("close", resolve));
  await new Promise<void>((resolve, reject) => {
    ws.on("open", resolve);
    ws.on("unexpected-response", (_request, response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () =>
        reject(
          Object.assign(new Error(`refused ${response.statusCode}`), {
            status: response.statusCode,
            document: JSON.parse(text) as unknown,
          }),
        ),
      );
    });
    ws.on("error", reject);
  });
  return {
    ws,
    frames,
    closed,
    send: (frame) => ws.send(JSON.stringify(frame)),
    next: (type, at = 0) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = frames.filter((frame) => frame.type === type)[at];
          if (!found) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
  };
}
