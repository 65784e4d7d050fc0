import { createServer, request as httpRequest } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { connectionsGone, listen, makeDoor, subject, unixSubject } from "./support/door-subject.js";
import { bye, countOf, filled, get, open, post, postHead, statuses } from "./support/wire.js";

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
    onTestFinished(() => void socket.destroy());
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
