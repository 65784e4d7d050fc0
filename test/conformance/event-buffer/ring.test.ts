import { describe, expect, it } from "vitest";
import { createRingBuffer } from "../../../lib/events/ring-buffer.js";
import { eventBufferSuite } from "../../../lib/testing/event-buffer-suite.js";
import { failuresOf, runSuite } from "../../../lib/testing/suite.js";

describe("createRingBuffer", () => {
  runSuite(it, eventBufferSuite, { supports: {}, make: (bounds) => createRingBuffer(bounds) });
});

describe("the suite of EventBuffer", () => {
  it.each([
    [
      "skips an event after the cursor",
      (buffer: ReturnType<typeof createRingBuffer>) => ({
        ...buffer,
        events: (stream: string, after: number, limit: number) => buffer.events(stream, after + 1, limit),
      }),
    ],
    ["never wakes", (buffer: ReturnType<typeof createRingBuffer>) => ({ ...buffer, subscribe: () => () => {} })],
    ["releases nothing", (buffer: ReturnType<typeof createRingBuffer>) => ({ ...buffer, release: () => {} })],
  ])("fails for one that %s", async (_what, broken) => {
    expect(await failuresOf(eventBufferSuite, { supports: {}, make: (bounds) => broken(createRingBuffer(bounds)) })).not.toEqual([]);
  });
});
