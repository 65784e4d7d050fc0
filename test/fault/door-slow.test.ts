import { describe, expect, it } from "vitest";
import type { Result } from "../../lib/contract/operation.js";
import { subject } from "./support/door-subject.js";
import { bye, chunks, countOf, filled, get, open, postHead, statuses } from "./support/wire.js";

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
