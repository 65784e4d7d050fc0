import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer as createHttpServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { ClientOptions } from "../../../adapters/client/client.js";
import { createClient } from "../../../adapters/client/create-client.js";
import type { Client } from "../../../adapters/client/client-types.js";
import { httpCarrier, type HttpCarrierOptions } from "../../../adapters/client/http-carrier.js";
import { codeOf, errorOf, event } from "../../unit/client/fixtures.js";
import { closeServer } from "../../support/close-server.js";

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A server that does with each connection what it is told; its port. */
async function rawServer(serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    serve(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  });
  return (server.address() as AddressInfo).port;
}

async function httpServer(serve: (...given: Parameters<RequestListener>) => unknown, path?: string): Promise<Server> {
  const server = createHttpServer((request, response) => void serve(request, response)).listen(
    path === undefined ? { port: 0, host: "127.0.0.1" } : { path },
  );
  await once(server, "listening");
  cleanups.push(() => closeServer(server));
  return server;
}

function clientOf(url: string, options: HttpCarrierOptions & ClientOptions = {}): Client {
  const client = createClient(httpCarrier({ url }, options), { retries: 0, ...options });
  cleanups.push(() => client.close());
  return client;
}

const urlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const answer = (text: string, type = "application/json", status = "200 OK"): string =>
  `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nContent-Length: ${text.length}\r\n\r\n${text}`;

describe("the HTTP carrier", () => {
  it("sends path, query, body and headers as the contract says, under the path of the url", async () => {
    const seen: unknown[] = [];
    const server = await httpServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += String(chunk);
      const { host, accept, "content-type": type, "content-length": length } = request.headers;
      seen.push([request.method, request.url, body, { host, accept, type, length }]);
      response.setHeader("content-type", "application/json").end("{}");
    });
    const client = clientOf(`${urlOf(server)}/mount/`);
    const { host } = new URL(urlOf(server));
    await client.runs.list({ status: ["active", "failed"], label: "a b&c", limit: 5 });
    await client.runs.input({ id: "R ü", text: "héllo", delivery: "steer" });
    await client.runs.cancel({ id: "R-1" });
    expect(client.address).toBe(`${urlOf(server)}/mount`);
    const json = { host, accept: "application/json", type: undefined, length: undefined };
    expect(seen).toEqual([
      ["GET", "/mount/runs?status=active&status=failed&label=a+b%26c&limit=5", "", json],
      ["POST", "/mount/runs/R%20%C3%BC/input", '{"text":"héllo","delivery":"steer"}', { ...json, type: "application/json", length: "36" }],
      ["DELETE", "/mount/runs/R-1", "", json],
    ]);
  });

  it("keeps its connection for the next call", async () => {
    let connections = 0;
    const server = await httpServer((_, response) => void response.setHeader("content-type", "application/json").end("{}"));
    server.on("connection", () => (connections += 1));
    const client = clientOf(urlOf(server));
    for (let call = 0; call < 3; call += 1) await client.status();
    expect(connections).toBe(1);
  });

  it("keeps it after 204 too", async () => {
    let connections = 0;
    const server = await httpServer((_, response) => void response.writeHead(204).end());
    server.on("connection", () => (connections += 1));
    const client = clientOf(urlOf(server));
    for (let call = 0; call < 3; call += 1) expect(await client.runs.attach("R-1").next()).toMatchObject({ done: true });
    expect(connections).toBe(1);
  });

  it("speaks on a Unix socket", async () => {
    const folder = await mkdtemp(join(tmpdir(), "carrier-"));
    cleanups.push(() => rm(folder, { recursive: true }));
    const path = join(folder, "d.sock");
    await httpServer(
      (request, response) =>
        void response.setHeader("content-type", "application/json").end(JSON.stringify({ host: request.headers.host })),
      path,
    );
    const client = createClient(httpCarrier({ socketPath: path }));
    cleanups.push(() => client.close());
    expect(client.address).toBe(`unix:${path}`);
    expect(await client.status()).toEqual({ host: "localhost" });
  });

  it("follows no redirect", async () => {
    const reached: (string | undefined)[] = [];
    const server = await httpServer((request, response) => {
      reached.push(request.url);
      response.writeHead(307, { location: "/elsewhere" }).end();
    });
    expect(await codeOf(clientOf(urlOf(server)).status())).toBe("protocol_error");
    expect(reached).toEqual(["/status"]);
  });

  it("drops the connection of a call that was aborted", async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
    const port = await rawServer((socket) => socket.on("data", () => arrive()).on("close", () => resolve()));
    const abort = new AbortController();
    const outcome = codeOf(clientOf(`http://127.0.0.1:${port}`).status({}, { signal: abort.signal }));
    await arrived;
    abort.abort();
    expect(await outcome).toBe("aborted");
    await closed;
  });

  it.each(["running", "completed"])("drops the connection of a stream that nobody reads any more (%s)", async (status) => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const port = await rawServer((socket) => {
      socket.resume().on("close", () => resolve());
      socket.write(`HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n${event(1, status)}`);
    });
    for await (const item of clientOf(`http://127.0.0.1:${port}`).runs.attach("R-1")) {
      expect(item).toMatchObject({ seq: 1 });
      if (status === "running") break;
    }
    await closed;
  });
});

describe("a connection that fails", () => {
  const table: readonly (readonly [string, string, (socket: Socket) => void])[] = [
    ["is closed without an answer", "connection_lost", (socket) => socket.once("data", () => socket.end())],
    ["is reset", "connection_lost", (socket) => socket.once("data", () => socket.resetAndDestroy())],
    ["is closed in the middle of an answer", "connection_lost", (socket) => socket.end(answer('{"ready":true}').slice(0, -3))],
    [
      "is closed in the middle of a chunk",
      "connection_lost",
      (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{"rea'),
    ],
    ["does not speak HTTP", "protocol_error", (socket) => socket.end("SSH-2.0-OpenSSH_9.6\r\n")],
    ["sends a header without end", "protocol_error", (socket) => socket.write(`HTTP/1.1 200 OK\r\nX: ${"x".repeat(200_000)}`)],
    ["gives no answer", "connection_lost", () => {}],
    ["falls silent in an answer", "connection_lost", (socket) => socket.write(answer('{"ready":true}').slice(0, -3))],
  ];
  it.each(table)("that %s is %s", async (_, code, serve) => {
    const client = clientOf(`http://127.0.0.1:${await rawServer(serve)}`, { headersMs: 200, idleMs: 200 });
    expect(await codeOf(client.status())).toBe(code);
  });

  it("is not taken for lost while its answer may still be held", async () => {
    const server = await rawServer((socket) => void setTimeout(() => socket.end(answer('{"correlation_id":"call-1234"}')), 400));
    const client = clientOf(`http://127.0.0.1:${server}`, { headersMs: 200 });
    const question = { prompt: "?", options: [{ id: "allow", title: "A" }] };
    expect(await codeOf(client.questions.askBlocking(question, { retries: 0 }))).toBe("connection_lost");
    expect(await client.questions.askBlocking({ ...question, timeout_ms: 300 })).toEqual({ correlation_id: "call-1234" });
  });

  it("is connection_refused with the next step where nobody listens", async () => {
    const server = await httpServer(() => {});
    const url = urlOf(server);
    server.close();
    await once(server, "close");
    const error = await errorOf(clientOf(url).status());
    expect(error).toMatchObject({
      code: "connection_refused",
      message: expect.stringContaining(url),
      details: { hint: expect.any(String) },
    });
    const socket = createClient(httpCarrier({ socketPath: join(tmpdir(), "no-such-folder", "d.sock") }));
    expect(await codeOf(socket.status())).toBe("connection_refused");
  });

  it("does not count the time of its own reader as silence", async () => {
    const port = await rawServer((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n${event(1)}`);
      socket.once("data", () => setTimeout(() => socket.write(event(2, "completed")), 100));
    });
    const events = clientOf(`http://127.0.0.1:${port}`, { idleMs: 300 }).runs.attach("R-1", {
      onReconnect: () => expect.unreachable("it was lost"),
    });
    expect(await events.next()).toMatchObject({ value: { seq: 1 } });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await events.next()).toMatchObject({ value: { seq: 2 } });
    expect(await events.next()).toMatchObject({ done: true });
  });
});
