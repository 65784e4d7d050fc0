import { connect } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Perform } from "../../adapters/http/handler.js";
import { connectionsGone, subject, unixSubject } from "./support/door-subject.js";
import { bye, filled, get, open, statuses } from "./support/wire.js";

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
    onTestFinished(() => void socket.destroy());
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
    onTestFinished(() => void socket.destroy());
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
    onTestFinished(() => void socket.destroy());
    socket.pause();
    socket.write(filled(get("/runs/R-1/events"), 80));
    const startedAt = performance.now();
    let taken = 0;
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => (taken += (socket.read() as Buffer | null)?.length ?? 0), 10);
      onTestFinished(() => clearInterval(timer));
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
