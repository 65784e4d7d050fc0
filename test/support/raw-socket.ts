import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { onTestFinished } from "vitest";
import WebSocket from "ws";
import { type Client, connect as connectClient } from "../../adapters/client/index.js";
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

/** A client over one of the doors; of the owner, unless it has another's token. */
export async function clientOf(daemon: RunningDaemon, over: RawSocketOptions["over"] = "unix", token?: string): Promise<Client> {
  const url = daemon.addresses.find((address) => address.startsWith("http")) ?? "";
  const door = over === "tcp" ? { url, token: token ?? rootToken(daemon) } : { socketPath: daemon.home.socket, ...(token && { token }) };
  const client = await connectClient({ ...door, env: {} });
  onTestFinished(() => client.close());
  return client;
}

/** A service that has joined over a socket. */
export interface Joined extends RawSocket {
  readonly peer_id: string;
  readonly connected: Frame;
}

/** How a peer joins: what it says in its first frame, and how it takes messages; without `takes` it says nothing of them. */
export interface JoinOptions {
  readonly takes?: "injected" | "rejected" | "failed";
  readonly [field: string]: unknown;
}

/** Joins as a service that declares receipts, unless something else is said. */
export async function joined(daemon: RunningDaemon, over: RawSocketOptions["over"], { takes, ...said }: JoinOptions): Promise<Joined> {
  const socket = await rawSocket(daemon, { over });
  if (takes) {
    socket.ws.on("message", (data: Buffer) => {
      const { delivery_id } = JSON.parse(data.toString()) as { delivery_id?: string };
      if (delivery_id !== undefined) socket.send({ type: "delivery_ack", delivery_id, status: takes });
    });
  }
  socket.send({ type: "connect", v: 1, backend: "service", capabilities: ["delivery_receipts"], ...said });
  const connected = await socket.next("connected");
  return { ...socket, connected, peer_id: String(connected["peer_id"]) };
}
