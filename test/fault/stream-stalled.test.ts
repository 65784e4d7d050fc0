import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Handle, isStreamed } from "../../adapters/http/call.js";
import { functionExecutor } from "../../lib/runs/function-executor.js";
import { queuePerReader } from "../support/mutants/wrong-doors.js";
import { createSseParser } from "../../adapters/client/sse-reader.js";
import { readPart, streamServer } from "./support/stream-server.js";
import { trials } from "./support/trials.js";

const MiB = 1_048_576;
const repeats = trials(1, 10) - 1;
const readers = 256;
const totalBytes = trials(64, 1_024) * MiB;
const eventBytes = 65_536;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** What is held when nothing more falls away: what earlier trials left goes by and by. */
async function heldBytes(): Promise<number> {
  for (let last = Number.POSITIVE_INFINITY; ; ) {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    const held = heapUsed + arrayBuffers;
    if (held > last - MiB) return held;
    last = held;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What many bytes of a run, or of the feed, come to, with and without readers who take nothing. */
async function trial(stalled: number, wrap: (handle: Handle) => Handle = (handle) => handle, isFeed = false) {
  const pulled: number[] = [];
  const counting =
    (handle: Handle): Handle =>
    async (call) => {
      const reply = await handle(call);
      if (!isStreamed(reply.body)) return reply;
      const { body } = reply;
      const at = pulled.push(0) - 1;
      return {
        ...reply,
        body: (async function* () {
          for await (const bytes of body) {
            pulled[at] = (pulled[at] ?? 0) + bytes.length;
            yield bytes;
          }
        })(),
      };
    };
  const go = Promise.withResolvers<void>();
  const server = await streamServer({
    // Over a Unix socket, whose buffers in the kernel are small.
    kind: "unix",
    wrap: (handle) => wrap(counting(handle)),
    limits: { streams: 1_000, streamsPerRun: 1_000, streamBytes: 2 * totalBytes },
    executor: functionExecutor(async ({ emit }) => {
      await go.promise;
      const { journal } = server.manager;
      const text = "x".repeat(eventBytes);
      for (let sent = 0; sent < totalBytes; sent += eventBytes) {
        if (isFeed) await journal.append({ feed: [{ type: "test.event", payload: { text } }] }).committed;
        else await emit("assistant.message", { message_id: "m", text });
      }
    }),
  });
  const run = await server.manager.start({ prompt: "talk" });
  const target = isFeed ? "/events/stream?after=0" : `/runs/${run.id}/events`;
  const sockets = await Promise.all(Array.from({ length: stalled }, () => stall(server.at as string, target)));
  const live = eventsRead(server.at, target, totalBytes / eventBytes + 3);
  while (pulled.length <= stalled) await new Promise((resolve) => setImmediate(resolve));
  const before = await heldBytes();
  go.resolve();
  await run.done();
  const events = await live;
  const grown = (await heldBytes()) - before;
  const gone = sockets.filter((socket) => socket.destroyed).length;
  return { grown, events, gone, mostPulled: Math.max(0, ...pulled.toSorted((a, b) => a - b).slice(0, stalled)) };
}

/** A reader that asks, takes the head and nothing more. */
async function stall(path: string, target: string): Promise<Socket> {
  const socket = connect(path);
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => {}).write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await once(socket, "readable");
  return socket;
}

/** How many events there are until the stream ends, or until so many: the feed has no end. */
async function eventsRead(at: number | string, target: string, enough: number): Promise<number> {
  const socket = typeof at === "number" ? connect(at, "127.0.0.1") : connect(at);
  onTestFinished(() => void socket.destroy());
  socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  const parse = createSseParser();
  let count = 0;
  let head = Buffer.alloc(0);
  let isBody = false;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    if (!isBody) head = Buffer.concat([head, chunk]);
    const end = isBody ? -4 : head.indexOf("\r\n\r\n");
    if (!isBody && end < 0) continue;
    count += parse(isBody ? chunk : head.subarray(end + 4)).filter(({ data }) => data !== undefined).length;
    isBody = true;
    if (count >= enough) break;
  }
  return count;
}

describe("readers that take nothing", () => {
  it("cost a bounded number of bytes each, and delay neither the run nor a reader beside them", { repeats }, async () => {
    const { grown: alone } = await trial(0);
    const { grown, events, gone, mostPulled } = await trial(readers);
    console.log(
      `${readers} stalled: at most ${(mostPulled / MiB).toFixed(2)} MiB each, ${((grown - alone) / MiB).toFixed(1)} MiB together`,
    );
    expect(events).toBe(totalBytes / eventBytes + 3);
    expect(gone).toBe(0);
    // What waits in the socket of ours, and what the kernel took.
    expect(mostPulled).toBeLessThan(2 * MiB);
    expect(grown - alone).toBeLessThan(readers * MiB);
  });

  it("cost no more when it is the feed that they do not read", async () => {
    const { grown: alone } = await trial(0, undefined, true);
    const { grown, events, gone, mostPulled } = await trial(readers, undefined, true);
    console.log(
      `${readers} stalled at the feed: at most ${(mostPulled / MiB).toFixed(2)} MiB each, ${((grown - alone) / MiB).toFixed(1)} MiB together`,
    );
    // The run's own three changes of status among them.
    expect(events).toBe(totalBytes / eventBytes + 3);
    expect(gone).toBe(0);
    expect(mostPulled).toBeLessThan(2 * MiB);
    expect(grown - alone).toBeLessThan(readers * MiB);
  });

  it("would be found to cost more where a door keeps a queue for each", async () => {
    expect((await trial(2, queuePerReader)).mostPulled).toBeGreaterThan(2 * MiB);
  });
});

describe("a reader that takes one byte at a time", () => {
  it("gets every event", async () => {
    const server = await streamServer({
      executor: functionExecutor(async ({ emit }) => {
        for (let n = 0; n < 50; n += 1) await emit("assistant.message", { message_id: `m${n}`, text: "é\u{1f600}\n" });
      }),
    });
    const run = await server.manager.start({ prompt: "talk" });
    const socket = connect(server.at as number, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    socket.pause().write(`GET /runs/${run.id}/events HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    const bytes: Buffer[] = [];
    await new Promise<void>((resolve) => {
      socket.on("readable", () => {
        for (let byte = socket.read(1) as Buffer | null; byte; byte = socket.read(1) as Buffer | null) bytes.push(byte);
      });
      socket.on("close", () => resolve());
    });
    const text = Buffer.concat(bytes).toString();
    const { body } = await readPart(server.at, `/runs/${run.id}/events`, "");
    expect(text.slice(text.indexOf("\r\n\r\n") + 4)).toBe(body.toString());
    expect(text.split("\nid: ")).toHaveLength(54);
  });
});
