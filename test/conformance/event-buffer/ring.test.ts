import { describe, it } from "vitest";
import { createRingBuffer } from "../../../lib/events/ring-buffer.js";
import { eventBufferSuite } from "../../../lib/testing/event-buffer-suite.js";
import { runSuite } from "../../../lib/testing/suite.js";

describe("createRingBuffer", () => {
  runSuite(it, eventBufferSuite, { supports: {}, make: (bounds) => createRingBuffer(bounds) });
});
