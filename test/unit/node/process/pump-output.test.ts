import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { createTextSink } from "../../../../lib/node/process/output-sink.js";
import { pumpOutput } from "../../../../lib/node/process/pump-output.js";
import { createTail } from "../../../../lib/node/process/tail.js";
import { createManualClock } from "../../../../lib/testing/manual-clock.js";
import { until } from "../../../support/manager.js";

function bench(send?: (texts: string[]) => Promise<void>) {
  const clock = createManualClock();
  const source = new PassThrough();
  const stop = new AbortController();
  const texts: string[] = [];
  const sink = createTextSink({ stream: "stdout", tail: createTail(100), flushBytes: 100, eventBytes: 8_192 });
  const pumped = pumpOutput(source, sink, {
    clock,
    flushMs: 16,
    stop: stop.signal,
    async send(events) {
      const came = events.map(({ payload }) => (payload as { text: string }).text);
      await send?.(came);
      texts.push(...came);
    },
  });
  return { clock, source, stop, texts, pumped };
}

describe("pumpOutput", () => {
  it("sends what came 16 ms after its first byte, in one piece", async () => {
    const { clock, source, texts, pumped } = bench();
    source.write("one\n");
    await clock.advance(10);
    source.write("two\n");
    await clock.advance(5);
    expect(texts).toEqual([]);
    await clock.advance(1);
    expect(texts).toEqual(["one\ntwo\n"]);
    source.end();
    await pumped;
    expect(clock.pending).toBe(0);
  });

  it("sends at once what is enough, and the rest at the end", async () => {
    const { source, texts, pumped } = bench();
    source.end(`${"x".repeat(99)}\nrest`);
    await pumped;
    expect(texts).toEqual([`${"x".repeat(99)}\n`, "rest"]);
    expect(source.destroyed).toBe(true);
  });

  it("reads nothing while what it sent is not taken", async () => {
    const taken = Promise.withResolvers<void>();
    const { source, texts, pumped } = bench(() => taken.promise);
    let accepted = 0;
    while (source.write("x".repeat(1_000)) && accepted < 1_000) accepted += 1;
    await until(() => source.readableLength > 0);
    const waiting = source.readableLength;
    await until(() => true);
    expect([texts, source.readableLength]).toEqual([[], waiting]);
    taken.resolve();
    source.end();
    await pumped;
    expect(texts.join("")).toHaveLength((accepted + 1) * 1_000);
  });

  it("rejects when what it sends is refused, and lets the stream go", async () => {
    const { source, pumped } = bench(() => Promise.reject(new Error("no more events")));
    source.write("x".repeat(200));
    await expect(pumped).rejects.toThrow("no more events");
    expect(source.destroyed).toBe(true);
  });

  it("ends after the stop though the stream stays open, with what was written before", async () => {
    const { clock, source, stop, texts, pumped } = bench();
    source.write("before\n");
    await clock.advance(16);
    source.write("also before");
    stop.abort();
    await clock.advance(20);
    await pumped;
    expect(texts).toEqual(["before\n", "also before"]);
    expect(source.destroyed).toBe(true);
  });

  it("still takes what is on its way when the stop comes", async () => {
    const { clock, source, stop, texts, pumped } = bench();
    stop.abort();
    await clock.advance(10);
    source.write("late\n");
    await clock.advance(30);
    await pumped;
    expect(texts).toEqual(["late\n"]);
  });

  it("reads at most what a pipe holds after the stop: more is written by somebody else", async () => {
    const { clock, source, stop, texts, pumped } = bench();
    stop.abort();
    const pour = (): void => {
      while (!source.destroyed && source.write("y".repeat(16_384)));
    };
    source.on("drain", pour);
    pour();
    await clock.advance(1_000);
    await pumped;
    const read = texts.join("").length;
    expect(read).toBeGreaterThanOrEqual(1024 * 1024);
    expect(read).toBeLessThan(1024 * 1024 + 128 * 1024);
  });

  it("takes an error of the stream for its end", async () => {
    const { source, texts, pumped } = bench();
    source.write("before");
    await until(() => source.readableLength === 0);
    source.destroy(new Error("EIO"));
    await pumped;
    expect(texts).toEqual(["before"]);
  });
});
