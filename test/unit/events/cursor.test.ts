import { describe, expect, it } from "vitest";
import { asFrames, follow, type FollowOptions } from "../../../lib/events/cursor.js";
import { createEvent } from "../../../lib/events/encode.js";
import { createRingBuffer } from "../../../lib/events/ring-buffer.js";
import { defaultLimits } from "../../../lib/limits.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";
import { createManualClock } from "../../../lib/testing/manual-clock.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const form = asFrames(() => bytes("gap"));

/** One stream with a buffer and a store; `publish` commits an event and wakes its readers. */
function bench() {
  const buffer = createRingBuffer(defaultLimits);
  const store = createMemoryStore();
  const clock = createManualClock();
  let seq = 0;
  let ended = false;
  const stream = { name: "a", buffer, store, ended: () => ended, gap: () => Promise.reject(new Error("a gap")) };
  return {
    clock,
    buffer,
    follow: (options: Partial<FollowOptions<Uint8Array>> = {}) =>
      follow(stream, form, { after: 0, follow: true, signal: new AbortController().signal, ...options }),
    async publish() {
      seq += 1;
      const event = createEvent({ seq, type: "test.event", time: "2026-01-02T03:04:05.678Z", payload: {} });
      await store.commit({ appends: [{ stream: "a", expectedSeq: seq - 1, events: [event] }] });
      buffer.publish("a", [event]);
    },
    end() {
      ended = true;
      buffer.wake("a");
    },
  };
}

describe("follow", () => {
  it("passes a heartbeat on after each silence, counted from the last value, with one timer at a time", async () => {
    const { clock, follow: read, publish, end } = bench();
    const ping = bytes("ping");
    const got: string[] = [];
    const reading = (async () => {
      for await (const value of read({ heartbeat: { ms: 100, clock, value: ping } })) got.push(`${clock.monotonic()} ${value === ping}`);
    })();
    await clock.advance(60);
    await publish();
    await clock.advance(30);
    await publish();
    // Silent since 90: the timer of the first sleep must not speak for this one.
    await clock.advance(99);
    expect(got).toEqual(["60 false", "90 false"]);
    await clock.advance(101);
    expect(got.slice(2)).toEqual(["190 true", "290 true"]);
    expect(clock.pending).toBe(1);
    end();
    await reading;
    expect(clock.pending).toBe(0);
  });

  it("ends a call that waits when it is returned, and counts as a reader from the first call until then", async () => {
    const { clock, buffer, follow: read } = bench();
    const seen: string[] = [];
    const attend = (): (() => void) => {
      seen.push("came");
      return () => void seen.push("left");
    };
    const reading = read({ attend, opening: bytes("hello"), heartbeat: { ms: 100, clock, value: bytes("ping") } });
    expect([seen, buffer.readers("a")]).toEqual([[], 0]);
    expect(await reading.next()).toEqual({ done: false, value: bytes("hello") });
    const waiting = reading.next();
    await clock.advance(50);
    expect([seen, buffer.readers("a"), clock.pending]).toEqual([["came"], 1, 1]);
    await reading.return();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await reading.next()).toEqual({ done: true, value: undefined });
    expect([seen, buffer.readers("a"), clock.pending]).toEqual([["came", "left"], 0, 0]);
  });

  it("reads nothing and counts nobody when it is returned before the first call", async () => {
    const { buffer, follow: read, publish } = bench();
    await publish();
    const seen: string[] = [];
    const reading = read({ attend: () => (seen.push("came"), () => {}) });
    await reading.return();
    expect(await reading.next()).toEqual({ done: true, value: undefined });
    expect([seen, buffer.readers("a")]).toEqual([[], 0]);
  });

  it("leaves when a read fails", async () => {
    const { buffer } = bench();
    const broken = { ...createMemoryStore(), read: () => Promise.reject(new Error("no disk")) };
    const stream = { name: "a", buffer, store: broken, ended: () => false, gap: () => Promise.reject(new Error("a gap")) };
    const reading = follow(stream, form, { after: 0, follow: true, signal: new AbortController().signal });
    await expect(reading.next()).rejects.toThrow("no disk");
    expect(buffer.readers("a")).toBe(0);
  });

  it("gives readers that are level with each other the same bytes", async () => {
    const { follow: read, publish } = bench();
    await publish();
    const [one, other] = [await read().next(), await read().next()];
    expect(one.value).toBeInstanceOf(Uint8Array);
    expect(other.value).toBe(one.value);
    await publish();
    expect((await read().next()).value).not.toBe(one.value);
    expect(new TextDecoder().decode((await read({ after: 1 }).next()).value)).toMatch(/^id: 2\n/);
  });
});
