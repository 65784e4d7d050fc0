import { describe, expect, it } from "vitest";
import type { Result } from "../../lib/contract/operation.js";
import { connectionsGone, subject } from "./support/door-subject.js";
import { bye, countOf, filled, get, open, post, statuses } from "./support/wire.js";

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
