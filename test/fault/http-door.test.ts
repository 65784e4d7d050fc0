import { createServer, request as httpRequest, type Server } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createContractHandler, type Perform } from "../../adapters/http/handler.js";
import { createNodeDoor, type NodeDoor } from "../../adapters/http/node/door.js";
import { listenerHosts } from "../../adapters/http/gate/host-header.js";
import { allScopes } from "../../lib/caller.js";
import type { Result } from "../../lib/contract/operation.js";
import { resolveLimits, type Limits } from "../../lib/limits.js";
import { systemHost } from "../../lib/system-host.js";
import { operations } from "../unit/http/fixtures.js";

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Subject {
  readonly port: number;
  readonly door: NodeDoor;
  readonly server: Server;
  /** `<operation> <input>` of every operation reached, in order. */
  readonly reached: string[];
  readonly logged: string[];
}

interface SubjectOptions {
  readonly perform?: Perform;
  readonly limits?: Partial<Limits>;
}

const echo: Perform = async (operation, input) => ({ status: operation.success, body: { operation: operation.name, ...input } });

function makeDoor(options: SubjectOptions, kind: "tcp" | "unix"): { door: NodeDoor; hosts: string[]; reached: string[]; logged: string[] } {
  const limits = resolveLimits(options.limits);
  const [reached, hosts, logged]: [string[], string[], string[]] = [[], [], []];
  const handle = createContractHandler({
    operations,
    hosts: [],
    limits,
    host: { ...systemHost, log: (_level, event) => void logged.push(event) },
    authenticate: () => ({ id: "owner", door: kind, scopes: allScopes }),
    perform: (operation, input, context) => {
      reached.push(`${operation.name} ${JSON.stringify(input)}`);
      return (options.perform ?? echo)(operation, input, context);
    },
  });
  const door = createNodeDoor(handle, { kind, hosts, origins: [] }, { limits, log: (_level, event) => void logged.push(event) });
  return { door, hosts, reached, logged };
}

async function listen(server: Server, at: { port: number; host: string } | { path: string }): Promise<void> {
  await new Promise<void>((resolve) => server.listen(at, resolve));
  cleanups.push(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
}

async function subject(options: SubjectOptions = {}): Promise<Subject> {
  const { door, hosts, reached, logged } = makeDoor(options, "tcp");
  const server = createServer(door.serverOptions);
  door.attach(server);
  await listen(server, { port: 0, host: "127.0.0.1" });
  const { port } = server.address() as AddressInfo;
  hosts.push(...listenerHosts("127.0.0.1", port));
  return { port, door, server, reached, logged };
}

/** The same on a Unix socket, at the path it gives. */
async function unixSubject(options: SubjectOptions = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "door-"));
  cleanups.push(() => rm(folder, { recursive: true }));
  const { door } = makeDoor(options, "unix");
  const server = createServer(door.serverOptions);
  door.attach(server);
  await listen(server, { path: join(folder, "s") });
  return join(folder, "s");
}

/** A raw connection: what it received so far, and whether the server has ended it. */
interface Wire {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  text(): string;
  /** Resolves when the text received so far fulfils the condition, or the connection is over. */
  until(done: (text: string) => boolean): Promise<string>;
}

function open(at: number | string): Wire {
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
  cleanups.push(() => void socket.destroy());
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
function statuses(text: string): number[] {
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

const countOf = (text: string): number => text.split("HTTP/1.1 ").length - 1;
const localHost = "Host: localhost:PORT\r\n";
const get = (target = "/runs", headers = ""): string => `GET ${target} HTTP/1.1\r\n${localHost}${headers}\r\n`;
const postHead = (headers: string): string => `POST /runs HTTP/1.1\r\n${localHost}Content-Type: application/json\r\n${headers}\r\n`;
const post = (body: string, headers = ""): string => postHead(`Content-Length: ${Buffer.byteLength(body)}\r\n${headers}`) + body;
const chunks = (body: string, headers = ""): string => postHead(`Transfer-Encoding: chunked\r\n${headers}`) + body;
const bye = "Connection: close\r\n";
const filled = (text: string, port: number): string => text.replaceAll("PORT", String(port));
const tooMany = Array.from({ length: 100 }, (_, i) => `X-${i}: 1\r\n`).join("");

// Bytes sent (`fin`: then ended), the statuses that must come back, and how many operations may be reached. The connection must end.
const corpus: readonly (readonly [name: string, bytes: string, replies: readonly number[], reached: number, fin?: "fin"])[] = [
  ["a plain request", get("/runs", bye), [200], 1],
  ["empty lines before the request", `\r\n\r\n${get("/runs", bye)}`, [200], 1],
  ["a word", "GARBAGE\r\n\r\n", [400], 0],
  ["a method alone", "GET\r\n\r\n", [400], 0],
  ["no version", "GET /runs\r\n\r\n", [505], 0],
  ["two blanks before the target, which the parser forgives", `GET  /runs HTTP/1.1\r\n${localHost}${bye}\r\n`, [200], 1],
  ["a tab in place of the blank", `GET\t/runs HTTP/1.1\r\n${localHost}\r\n`, [400], 0],
  ["a blank in the target", `GET /runs x HTTP/1.1\r\n${localHost}\r\n`, [400], 0],
  ["a blank before the method", ` GET /runs HTTP/1.1\r\n${localHost}\r\n`, [400], 0],
  ["a method in lower case", `get /runs HTTP/1.1\r\n${localHost}\r\n`, [400], 0],
  ["an unknown method", `FOO /runs HTTP/1.1\r\n${localHost}\r\n`, [400], 0],
  ["a method with a NUL", `GE\0T /runs HTTP/1.1\r\n${localHost}\r\n`, [400], 0],
  ["a method of 10,000 letters", `${"G".repeat(10_000)} /runs HTTP/1.1\r\n${localHost}\r\n`, [400], 0],
  ["HTTP/1.0", `GET /runs HTTP/1.0\r\n${localHost}\r\n`, [505], 0],
  ["HTTP/1.0 that wants to stay", `GET /runs HTTP/1.0\r\n${localHost}Connection: keep-alive\r\n\r\n`, [505], 0],
  ["HTTP/0.9", `GET /runs HTTP/0.9\r\n${localHost}\r\n`, [505], 0],
  ["HTTP/2.0", `GET /runs HTTP/2.0\r\n${localHost}\r\n`, [505], 0],
  ["HTTP/1.2", `GET /runs HTTP/1.2\r\n${localHost}\r\n`, [505], 0],
  ["HTTP/11.1", `GET /runs HTTP/11.1\r\n${localHost}\r\n`, [400], 0],
  ["another protocol", `GET /runs HTTPS/1.1\r\n${localHost}\r\n`, [400], 0],
  ["the protocol in lower case", `GET /runs http/1.1\r\n${localHost}\r\n`, [400], 0],
  ["an HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400], 0],
  ["a TLS greeting", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", [400], 0],
  ["an absolute target", get("http://localhost:PORT/runs", bye), [400], 0],
  ["an absolute target of another host", get("http://evil.example/runs", bye), [400], 0],
  ["the target *", get("*", bye), [400], 0],
  ["OPTIONS *", `OPTIONS * HTTP/1.1\r\n${localHost}${bye}\r\n`, [400], 0],
  ["a target with two slashes", get("//evil.example/runs", bye), [400], 0],
  ["a fragment", get("/runs#x", bye), [400], 0],
  ["a NUL in the target", get("/ru\0ns", bye), [400], 0],
  ["a high byte in the target", get("/ru\xffns", bye), [400], 0],
  ["dot segments", get("/runs/%2e%2e/health", bye), [400], 0],
  ["CONNECT to a host", `CONNECT example.org:443 HTTP/1.1\r\n${localHost}\r\n`, [400], 0],
  ["CONNECT with bytes after it", `CONNECT example.org:443 HTTP/1.1\r\n${localHost}\r\n${get()}`, [400], 0],
  ["TRACE", `TRACE /runs HTTP/1.1\r\n${localHost}${bye}\r\n`, [405], 0],
  ["bare line feeds", `GET /runs HTTP/1.1\nHost: localhost:PORT\n\n`, [400], 0],
  ["bare carriage returns", `GET /runs HTTP/1.1\rHost: localhost:PORT\r\r`, [400], 0],
  ["a line feed within a header", get("/runs", "X: a\nY: b\r\n"), [400], 0],
  ["a carriage return within a header", get("/runs", "X: a\rY: b\r\n"), [400], 0],
  ["a header without a colon", get("/runs", "X\r\n"), [400], 0],
  ["a header without a name", get("/runs", ": x\r\n"), [400], 0],
  ["a blank before the colon", get("/runs", "X : y\r\n"), [400], 0],
  ["a blank within a name", get("/runs", "X Y: z\r\n"), [400], 0],
  ["a NUL in a value", get("/runs", "X: a\0b\r\n"), [400], 0],
  ["a control character in a name", get("/runs", "X\x01: y\r\n"), [400], 0],
  ["a folded first header", `GET /runs HTTP/1.1\r\n Host: localhost:PORT\r\n\r\n`, [400], 0],
  ["no Host", `GET /runs HTTP/1.1\r\n${bye}\r\n`, [421], 0],
  ["two Hosts", get("/runs", `${localHost}${bye}`), [421], 0],
  ["a second Host of somebody else", get("/runs", `Host: evil.example\r\n${bye}`), [421], 0],
  ["an empty Host", `GET /runs HTTP/1.1\r\nHost:\r\n${bye}\r\n`, [421], 0],
  ["a Host without the port", `GET /runs HTTP/1.1\r\nHost: localhost\r\n${bye}\r\n`, [421], 0],
  ["a Host that is folded", `GET /runs HTTP/1.1\r\nHost: localhost:PORT\r\n .evil.example\r\n${bye}\r\n`, [400], 0],
  ["a length and chunks", chunks("0\r\n\r\n", "Content-Length: 5\r\n"), [400], 0],
  ["chunks and a length", postHead("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n", [400], 0],
  ["two equal lengths", postHead("Content-Length: 2\r\nContent-Length: 2\r\n") + "{}", [400], 0],
  ["two lengths", postHead("Content-Length: 2\r\nContent-Length: 3\r\n") + "{}", [400], 0],
  ["a list of lengths", postHead("Content-Length: 2, 2\r\n") + "{}", [400], 0],
  ["a signed length", postHead("Content-Length: +2\r\n") + "{}", [400], 0],
  ["a negative length", postHead("Content-Length: -2\r\n") + "{}", [400], 0],
  ["a hexadecimal length", postHead("Content-Length: 0x2\r\n") + "{}", [400], 0],
  ["a length with a fraction", postHead("Content-Length: 2.0\r\n") + "{}", [400], 0],
  ["a length beyond counting", postHead("Content-Length: 99999999999999999999\r\n") + "{}", [400], 0],
  ["an empty length", postHead("Content-Length:\r\n") + "{}", [400], 0],
  ["a huge length", postHead("Content-Length: 1000000000\r\n") + "{}", [413], 0],
  ["gzip before chunked", postHead("Transfer-Encoding: gzip, chunked\r\n") + "2\r\n{}\r\n0\r\n\r\n", [400], 0],
  ["gzip after chunked", postHead("Transfer-Encoding: chunked, gzip\r\n") + "2\r\n{}\r\n0\r\n\r\n", [400], 0],
  ["chunked twice in one", postHead("Transfer-Encoding: chunked, chunked\r\n") + "2\r\n{}\r\n0\r\n\r\n", [400], 0],
  ["chunked twice", chunks("2\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked\r\n"), [400], 0],
  ["identity", postHead("Transfer-Encoding: identity\r\nContent-Length: 2\r\n") + "{}", [400], 0],
  ["a coding that looks like chunked", postHead("Transfer-Encoding: xchunked\r\n") + "2\r\n{}\r\n0\r\n\r\n", [400], 0],
  ["a coded body", post("{}", "Content-Encoding: gzip\r\nConnection: close\r\n"), [415], 0],
  ["chunks", chunks("1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", bye), [201], 1],
  ["chunks with an extension", chunks('2;a="b"\r\n{}\r\n0\r\n\r\n', bye), [201], 1],
  ["chunks with trailers", chunks("2\r\n{}\r\n0\r\nContent-Type: text/plain\r\nHost: evil.example\r\n\r\n", bye), [201], 1],
  ["a chunk size that is no number", chunks("zz\r\n{}\r\n0\r\n\r\n"), [400], 0],
  ["a negative chunk size", chunks("-2\r\n{}\r\n0\r\n\r\n"), [400], 0],
  ["a chunk size beyond counting", chunks("fffffffffffffffff\r\n{}\r\n0\r\n\r\n"), [400], 0],
  ["a chunk size in C style", chunks("0x2\r\n{}\r\n0\r\n\r\n"), [400], 0],
  ["no chunk size", chunks("\r\n{}\r\n0\r\n\r\n"), [400], 0],
  ["a chunk longer than its size", chunks("1\r\n{}\r\n0\r\n\r\n"), [400], 0],
  ["a chunk shorter than its size", chunks("5\r\n{}\r\n0\r\n\r\n"), [400], 0],
  ["line feeds between chunks", chunks("2\n{}\n0\n\n"), [400], 0],
  ["a carriage return after the size", chunks("2\r{}\r\n0\r\n\r\n"), [400], 0],
  ["an extension without end", chunks(`2;${"a".repeat(20_000)}\r\n{}\r\n0\r\n\r\n`), [400], 0],
  ["a header block over 16 KiB", get("/runs", `X: ${"a".repeat(17_000)}\r\n`), [431], 0],
  ["headers without end", `GET /runs HTTP/1.1\r\n${localHost}${"X-Header: yyyy\r\n".repeat(2_000)}`, [431], 0],
  ["101 headers", get("/runs", tooMany), [431], 0],
  ["a target over 8 KiB", get(`/${"a".repeat(8_200)}`, bye), [414], 0],
  ["a target over 16 KiB", get(`/${"a".repeat(17_000)}`), [431], 0],
  ["an Expect that nobody can meet", post("{}", "Expect: 200-ok\r\n"), [417], 0],
  ["an upgrade to h2c", get("/runs", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"), [400], 0],
  ["an upgrade to anything", get("/runs", "Connection: Upgrade\r\nUpgrade: anything\r\n"), [400], 0],
  ["a WebSocket of version 8", get("/runs", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\n"), [426], 0],
  ["a WebSocket where there is none", get("/runs", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"), [404], 0],
  [
    "a WebSocket of a foreign host",
    "GET /runs HTTP/1.1\r\nHost: evil.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n",
    [421],
    0,
  ],
  ["a body on GET", get("/runs", "Content-Length: 2\r\n") + "{}", [200], 1],
  ["a request as the body of GET", get("/runs", `Content-Length: ${get("/runs/R-evil").length}\r\n`) + get("/runs/R-evil"), [200], 1],
  [
    "a request behind the body of DELETE",
    `DELETE /runs/R-1 HTTP/1.1\r\n${localHost}Content-Length: 2\r\n\r\n{}${get("/runs/R-evil")}`,
    [200],
    1,
  ],
  ["two requests in one write", get() + get("/runs/R-2", bye), [200, 200], 2],
  ["a request behind Connection: close", get("/runs", bye) + get("/runs/R-evil"), [200], 1],
  ["a request behind one that is refused for good", chunks("zz\r\n") + get("/runs/R-evil"), [400], 0],
  ["a request behind a body over its limit", post(`{"a":"${"x".repeat(1_048_576)}"}`) + get("/runs/R-evil"), [413], 0],
  [
    "a request behind an HTTP/1.0 request",
    `GET /runs HTTP/1.0\r\n${localHost}Connection: keep-alive\r\n\r\n${get("/runs/R-evil")}`,
    [505],
    0,
  ],
  ["a request behind a bad JSON body", post("{") + get("/runs", bye), [400, 200], 1],
  ["garbage behind a request", `${get()}GARBAGE\r\n\r\n`, [200, 400], 1],
  ["garbage behind a body", `${post("{}")}}}}}\r\n\r\n`, [201, 400], 1],
  ["half a body, then the end", postHead("Content-Length: 10\r\n") + "{}", [400], 0, "fin"],
  ["half a chunk, then the end", chunks("5\r\n{}"), [400], 0, "fin"],
  ["half a header, then the end", "GET /runs HTTP/1.1\r\nHos", [400], 0, "fin"],
];

/** What is wrong with the answer to one row; nothing when all is right. */
async function examined([name, bytes, replies, operationsReached, fin]: (typeof corpus)[number]): Promise<unknown[]> {
  const { port, reached } = await subject();
  const wire = open(port);
  wire.socket.write(filled(bytes, port), "latin1");
  if (fin) wire.socket.end();
  await wire.closed;
  const got = [statuses(wire.text()), reached.length];
  const next = open(port);
  next.socket.write(filled(get("/health", bye), port));
  await next.closed;
  const wanted = [replies, operationsReached];
  const served = JSON.stringify(statuses(next.text())) === "[200]";
  return JSON.stringify(got) === JSON.stringify(wanted) && served ? [] : [{ name, got, wanted, served }];
}

describe("a malformed request over node:http", () => {
  it("has one reply for each request, and the next one is served", async () => {
    expect(corpus.length).toBeGreaterThanOrEqual(60);
    const wrong: unknown[] = [];
    for (let at = 0; at < corpus.length; at += 16) wrong.push(...(await Promise.all(corpus.slice(at, at + 16).map(examined))).flat());
    expect(wrong).toEqual([]);
  });

  it("is answered with a problem document and the security headers, also where node:http has no response", async () => {
    const { port } = await subject();
    const wire = open(port);
    wire.socket.write("GARBAGE\r\n\r\n");
    await wire.closed;
    expect(wire.text()).toMatch(/^HTTP\/1\.1 400 /);
    expect(wire.text()).toMatch(/X-Content-Type-Options: nosniff\r\n/);
    expect(JSON.parse(wire.text().split("\r\n\r\n")[1] ?? "")).toMatchObject({ code: "malformed_request", status: 400 });
  });
});

describe("slow and large requests", () => {
  it("are answered 408 when the header does not come", async () => {
    const { port } = await subject({ limits: { headerMs: 100, requestMs: 200 } });
    const wire = open(port);
    wire.socket.write("GET /runs HTTP/1.1\r\nHos");
    await wire.closed;
    expect(statuses(wire.text())).toEqual([408]);
  });

  it("are answered 408 once when the body does not come, and the operation is not reached", async () => {
    const { port, reached } = await subject({ limits: { headerMs: 100, requestMs: 200 } });
    const wire = open(port);
    wire.socket.write(filled(postHead("Content-Length: 10\r\n"), port) + "{}");
    await wire.closed;
    expect([statuses(wire.text()), reached]).toEqual([[408], []]);
  });

  it("are answered 408 behind a request that is still being worked on", async () => {
    const gate = Promise.withResolvers<Result>();
    const { port } = await subject({ limits: { headerMs: 100, requestMs: 200 }, perform: () => gate.promise });
    const wire = open(port);
    wire.socket.write(filled(get(), port) + "GET /ru");
    setTimeout(() => gate.resolve({ status: 200, body: {} }), 600);
    await wire.closed;
    expect(statuses(wire.text())).toEqual([200, 408]);
  });

  it("get their 413 although the client sends everything before it reads", async () => {
    const { port, reached } = await subject();
    for (const head of [postHead("Content-Length: 9000000\r\n"), postHead("Transfer-Encoding: chunked\r\n") + "895440\r\n"]) {
      const wire = open(port);
      wire.socket.pause();
      wire.socket.write(filled(head, port));
      await new Promise((resolve) => wire.socket.write(Buffer.alloc(9_000_000, 0x20), resolve));
      wire.socket.resume();
      await wire.closed;
      expect(statuses(wire.text())).toEqual([413]);
    }
    expect(reached).toEqual([]);
  });

  it("sent byte by byte are served", async () => {
    const { port, reached } = await subject();
    const wire = open(port);
    for (const byte of filled(chunks('8\r\n{"a":1}\n\r\n0\r\n\r\n', bye), port)) {
      wire.socket.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await wire.closed;
    expect([statuses(wire.text()), reached]).toEqual([[201], ['runs.start {"a":1}']]);
  });
});

describe("Expect: 100-continue", () => {
  const head = postHead("Content-Length: 2\r\nExpect: 100-continue\r\n");

  it("is met when the body is wanted", async () => {
    const { port } = await subject();
    const wire = open(port);
    wire.socket.write(filled(head, port));
    await wire.until((text) => text.startsWith("HTTP/1.1 100 "));
    wire.socket.write("{}");
    await wire.until((text) => countOf(text) === 2);
    expect(statuses(wire.text())).toEqual([100, 201]);
  });

  it("is not met when the request is refused before its body", async () => {
    const { port, reached } = await subject();
    const wire = open(port);
    wire.socket.write(filled(head.replace("application/json", "text/plain"), port));
    await wire.closed;
    expect([statuses(wire.text()), reached]).toEqual([[415], []]);
  });
});

describe("pipelined requests", () => {
  it("are answered in order, however many", async () => {
    const { port, reached } = await subject();
    const wire = open(port);
    wire.socket.write(Array.from({ length: 200 }, (_, i) => filled(get(`/runs/R-${i}`), port)).join(""));
    await wire.until((text) => countOf(text) === 200);
    expect(statuses(wire.text())).toEqual(Array(200).fill(200));
    expect(reached).toEqual(Array.from({ length: 200 }, (_, i) => `runs.get {"id":"R-${i}"}`));
  });

  it("wait for the one before, and have no effect when it ends the connection", async () => {
    const gate = Promise.withResolvers<Result>();
    const { port, reached } = await subject({ perform: () => gate.promise });
    const wire = open(port);
    wire.socket.write(filled(get("/runs", bye.replace("close", "keep-alive")) + post("{}"), port));
    while (reached.length === 0) await new Promise((resolve) => setImmediate(resolve));
    async function* frames(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("data: 1\n\n");
    }
    gate.resolve({ status: 200, stream: { contentType: "text/event-stream", body: frames() } });
    await wire.closed;
    expect([countOf(wire.text()), reached]).toEqual([1, ["runs.list {}"]]);
  });

  it("have no effect when the client has left before their turn", async () => {
    const gate = Promise.withResolvers<Result>();
    let aborted = false;
    const { port, reached, server } = await subject({
      perform: (_operation, _input, { signal }) => {
        signal.addEventListener("abort", () => {
          aborted = true;
          gate.resolve({ status: 200, body: {} });
        });
        return gate.promise;
      },
    });
    const wire = open(port);
    wire.socket.write(filled(get() + post("{}"), port));
    while (reached.length === 0) await new Promise((resolve) => setImmediate(resolve));
    wire.socket.destroy();
    await gate.promise;
    await connectionsGone(server);
    expect([aborted, reached]).toEqual([true, ["runs.list {}"]]);
  });

  it("end at the number of requests that a connection may bring", async () => {
    const { port, reached } = await subject({ limits: { requestsPerConnection: 3 } });
    const wire = open(port);
    wire.socket.write(filled(get().repeat(10), port));
    await wire.closed;
    expect([statuses(wire.text()), reached.length]).toEqual([[200, 200, 200], 3]);
    expect(wire.text().toLowerCase().split("connection: close").length).toBe(2);
  });
});

function connectionsGone(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      server.getConnections((error, count) => {
        if (error) reject(error);
        else if (count === 0) resolve();
        else setImmediate(look);
      });
    };
    look();
  });
}

describe("event streams", () => {
  const stream =
    (body: AsyncIterable<Uint8Array>): Perform =>
    async () => ({ status: 200, stream: { contentType: "text/event-stream", body } });

  it("go out at once, unframed, and end the connection", async () => {
    const more = Promise.withResolvers<void>();
    async function* frames(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("retry: 1000\n\n");
      await more.promise;
      yield Buffer.from("id: 1\ndata: {}\n\n");
    }
    const { port } = await subject({ perform: stream(frames()) });
    const wire = open(port);
    wire.socket.write(filled(get("/runs/R-1/events"), port));
    await wire.until((text) => text.endsWith("retry: 1000\n\n"));
    more.resolve();
    await wire.closed;
    const [head, body] = wire.text().split("\r\n\r\n");
    expect(body).toBe("retry: 1000\n\nid: 1\ndata: {}\n\n");
    expect(head).toMatch(/^HTTP\/1\.1 200 /);
    expect(head).toMatch(/\r\nContent-Type: text\/event-stream\r\n/);
    expect(head).toMatch(/\r\nCache-Control: no-cache, no-transform\r\n/);
    expect(head).toMatch(/\r\nX-Accel-Buffering: no\r\n/);
    expect(head?.toLowerCase()).toContain("\r\nconnection: close");
    expect(head?.toLowerCase()).not.toContain("transfer-encoding");
  });

  it("send their headers before there is anything to say", async () => {
    const never = Promise.withResolvers<void>();
    async function* frames(): AsyncGenerator<Uint8Array> {
      await never.promise;
      yield new Uint8Array(1);
    }
    const { port } = await subject({ perform: stream(frames()) });
    const wire = open(port);
    wire.socket.write(filled(get("/runs/R-1/events"), port));
    expect(await wire.until((text) => text.endsWith("\r\n\r\n"))).toMatch(/^HTTP\/1\.1 200 /);
    never.resolve();
  });

  it("take what comes in one turn of the event loop as one write, however many steps it came in", async () => {
    const steps = 50;
    let [made, sent, writes] = [0, 0, 0];
    let wake = (): void => {};
    async function* bytes(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("begun");
      while (sent < steps) {
        while (sent === made) await new Promise<void>((resolve) => (wake = resolve));
        const fresh = ".".repeat(made - sent);
        sent = made;
        writes += 1;
        yield Buffer.from(fresh);
      }
    }
    const { port } = await subject({ perform: stream(bytes()) });
    const wire = open(port);
    wire.socket.write(filled(get("/runs/R-1/events"), port));
    await wire.until((text) => text.endsWith("begun"));
    while (made < steps) {
      made += 1;
      wake();
      // Enough for a reader that would write each step by itself.
      for (let i = 0; i < 20; i += 1) await Promise.resolve();
    }
    await wire.closed;
    expect(wire.text().split("begun")[1]).toBe(".".repeat(steps));
    expect(writes).toBeLessThanOrEqual(2);
  });

  it("bring every byte over, whatever the reader's pace", async () => {
    const size = 8 * 1_048_576;
    async function* bytes(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < size; at += 65_536) yield Buffer.alloc(65_536, at / 65_536);
    }
    const { port } = await subject({ perform: stream(bytes()) });
    const socket = connect(port, "127.0.0.1");
    cleanups.push(() => void socket.destroy());
    socket.write(filled(get("/runs/R-1/events"), port));
    let received = Buffer.alloc(0);
    const parts: Buffer[] = [];
    for await (const part of socket) {
      parts.push(part as Buffer);
      if (parts.length % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    received = Buffer.concat(parts);
    const body = received.subarray(received.indexOf("\r\n\r\n") + 4);
    expect(body.length).toBe(size);
    for (let at = 0; at < size; at += 65_536) expect(body[at]).toBe((at / 65_536) & 255);
  });

  it("stop being pulled when the reader stalls, and the reader is disconnected", async () => {
    let given = 0;
    const released = Promise.withResolvers<void>();
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield Buffer.alloc(65_536, given++);
      } finally {
        released.resolve();
      }
    }
    const { port, server, reached } = await subject({ perform: stream(endless()), limits: { stallMs: 200 } });
    const socket = connect(port, "127.0.0.1");
    cleanups.push(() => void socket.destroy());
    socket.pause();
    socket.write(filled(get("/runs/R-1/events"), port));
    await released.promise;
    await connectionsGone(server);
    expect(reached.length).toBe(1);
    // What the kernel takes on both sides is some megabytes; beyond it nothing may be pulled.
    expect(given).toBeLessThan(400);
  });

  it("keep a reader that is slow but takes something", async () => {
    const size = 4 * 1_048_576;
    async function* bytes(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < size; at += 65_536) yield Buffer.alloc(65_536, 1);
    }
    // Over a Unix socket, whose buffers in the kernel are small.
    const path = await unixSubject({ perform: stream(bytes()), limits: { stallMs: 250 } });
    const socket = connect(path);
    cleanups.push(() => void socket.destroy());
    socket.pause();
    socket.write(filled(get("/runs/R-1/events"), 80));
    const startedAt = performance.now();
    let taken = 0;
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => (taken += (socket.read() as Buffer | null)?.length ?? 0), 10);
      cleanups.push(() => clearInterval(timer));
      socket.once("close", () => resolve());
    });
    expect(taken).toBeGreaterThan(size);
    expect(performance.now() - startedAt).toBeGreaterThan(2 * 250);
  });

  it("end, and release their source, when the client leaves", async () => {
    const ended = Promise.withResolvers<string>();
    const perform: Perform = async (_operation, _input, { signal }) => {
      async function* quiet(): AsyncGenerator<Uint8Array> {
        try {
          yield Buffer.from(": hello\n\n");
          await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        } finally {
          ended.resolve(signal.aborted ? "aborted" : "returned");
        }
      }
      return { status: 200, stream: { contentType: "text/event-stream", body: quiet() } };
    };
    const { port } = await subject({ perform });
    const wire = open(port);
    wire.socket.write(filled(get("/runs/R-1/events"), port));
    await wire.until((text) => text.includes(": hello"));
    wire.socket.destroy();
    expect(await ended.promise).toBe("aborted");
  });

  it("that break are cut and logged, and the server lives", async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("data: 1\n\n");
      throw new Error("lost");
    }
    const { port, logged } = await subject({ perform: stream(broken()) });
    const wire = open(port);
    wire.socket.write(filled(get("/runs/R-1/events"), port));
    await wire.closed;
    expect(logged).toContain("http.stream_failed");
    const next = open(port);
    next.socket.write(filled(get("/nowhere", bye), port));
    await next.closed;
    expect(statuses(next.text())).toEqual([404]);
  });
});

describe("disconnects", () => {
  it.each(["destroy", "end"] as const)("abort the signal of a held call (%s)", async (how) => {
    const aborted = Promise.withResolvers<unknown>();
    const { port, reached } = await subject({
      perform: async (_operation, _input, { signal }) => {
        signal.addEventListener("abort", () => aborted.resolve(signal.aborted));
        await aborted.promise;
        return { status: 200, body: {} };
      },
    });
    const wire = open(port);
    wire.socket.write(filled(get(), port));
    while (reached.length === 0) await new Promise((resolve) => setImmediate(resolve));
    wire.socket[how]();
    expect(await aborted.promise).toBe(true);
  });

  it("do not abort a call that was answered", async () => {
    let signal: AbortSignal | undefined;
    const { port, server } = await subject({
      perform: async (_operation, _input, context) => {
        signal = context.signal;
        return { status: 200, body: {} };
      },
    });
    const wire = open(port);
    wire.socket.write(filled(get(), port));
    await wire.until((text) => text.endsWith("{}"));
    wire.socket.destroy();
    await connectionsGone(server);
    expect(signal?.aborted).toBe(false);
  });

  it("in the middle of a body reach no operation and leave nothing open", async () => {
    const { port, reached, server } = await subject();
    const wire = open(port);
    wire.socket.write(filled(postHead("Content-Length: 10\r\n"), port) + "{");
    await new Promise((resolve) => setImmediate(resolve));
    wire.socket.resetAndDestroy();
    await connectionsGone(server);
    expect(reached).toEqual([]);
  });
});

describe("connections", () => {
  it("are kept for further requests", async () => {
    const { port, server } = await subject();
    const wire = open(port);
    for (let i = 1; i <= 5; i++) {
      wire.socket.write(filled(post(`{"i":${i}}`), port));
      await wire.until((text) => countOf(text) === i && text.endsWith(`{"operation":"runs.start","i":${i}}`));
    }
    expect(await new Promise((resolve) => server.getConnections((_error, count) => resolve(count)))).toBe(1);
  });

  it("end when they are idle", async () => {
    const { port } = await subject({ limits: { keepAliveMs: 100 } });
    const wire = open(port);
    wire.socket.write(filled(get(), port));
    await wire.closed;
    expect(statuses(wire.text())).toEqual([200]);
  });

  it("over the cap are closed, and room is made by those that leave", async () => {
    const { port, server } = await subject({ limits: { connections: 2 } });
    const kept = [open(port), open(port)];
    for (const wire of kept) {
      wire.socket.write(filled(get(), port));
      await wire.until((text) => countOf(text) === 1);
    }
    const third = open(port);
    third.socket.write(filled(get(), port));
    await third.closed;
    expect(third.text()).toBe("");
    for (const wire of kept) wire.socket.destroy();
    await connectionsGone(server);
    const fourth = open(port);
    fourth.socket.write(filled(get("/runs", bye), port));
    await fourth.closed;
    expect(statuses(fourth.text())).toEqual([200]);
  });

  it("whose client does not read a long answer end", async () => {
    const { port, server } = await subject({
      limits: { stallMs: 200 },
      perform: async () => ({ status: 200, body: "x".repeat(20_000_000) }),
    });
    const socket = connect(port, "127.0.0.1");
    cleanups.push(() => void socket.destroy());
    socket.pause();
    socket.write(filled(get(), port));
    await new Promise((resolve) => server.once("connection", resolve));
    await connectionsGone(server);
    let taken = 0;
    for await (const part of socket.on("error", () => {}).resume()) taken += (part as Buffer).length;
    expect(taken).toBeLessThan(20_000_000);
  });

  it("answer HEAD with the length and nothing else", async () => {
    const { port } = await subject();
    const wire = open(port);
    wire.socket.write(filled(get("/runs/R-1", bye).replace("GET", "HEAD"), port));
    await wire.closed;
    const [head, body] = wire.text().split("\r\n\r\n");
    expect([/^Content-Length: (\d+)$/im.exec(head ?? "")?.[1], body]).toEqual([String('{"operation":"runs.get","id":"R-1"}'.length), ""]);
  });

  it("survive a result whose headers cannot be sent", async () => {
    const { port, logged } = await subject({ perform: async () => ({ status: 200, body: {}, headers: { "X-Bad": "a\r\nb" } }) });
    const wire = open(port);
    wire.socket.write(filled(get(), port));
    await wire.closed;
    expect([wire.text(), logged.includes("http.answer_failed")]).toEqual(["", true]);
  });
});

describe("a Unix socket", () => {
  it("is served with any single well-formed Host", async () => {
    const path = await unixSubject();
    const answered = async (host: string): Promise<number[]> => {
      const wire = open(path);
      wire.socket.write(`GET /runs HTTP/1.1\r\n${host}${bye}\r\n`);
      await wire.closed;
      return statuses(wire.text());
    };
    expect([
      await answered("Host: localhost\r\n"),
      await answered("Host: anything\r\n"),
      await answered("Host: a\r\nHost: a\r\n"),
      await answered(""),
    ]).toEqual([[200], [200], [421], [421]]);
  });
});

describe("a server with routes of its own", () => {
  it("mounts the listener beside them", async () => {
    const { door, hosts } = makeDoor({}, "tcp");
    const server = createServer((request, response) => {
      if (!request.url?.startsWith("/anode/")) return void response.end("mine");
      request.url = request.url.slice("/anode".length);
      return door.listener(request, response);
    });
    await listen(server, { port: 0, host: "127.0.0.1" });
    const { port } = server.address() as AddressInfo;
    hosts.push(`127.0.0.1:${port}`);
    const body = (path: string): Promise<string> =>
      new Promise((resolve, reject) => {
        httpRequest({ port, host: "127.0.0.1", path, agent: false }, (response) => {
          let text = "";
          response.on("data", (part) => (text += part)).on("end", () => resolve(text));
        })
          .on("error", reject)
          .end();
      });
    expect([await body("/other"), await body("/anode/runs/R-1"), await body("/other")]).toEqual([
      "mine",
      '{"operation":"runs.get","id":"R-1"}',
      "mine",
    ]);
  });
});
