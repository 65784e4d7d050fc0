import { describe, it } from "vitest";
import { createMemoryBlobs } from "../../../lib/attachments/memory-blobs.js";
import { blobStoreSuite } from "../../../lib/testing/blob-store-suite.js";
import { runSuite } from "../../../lib/testing/suite.js";

describe("createMemoryBlobs", () => {
  runSuite(it, blobStoreSuite, {
    supports: { durable: false },
    async make() {
      const blobs = createMemoryBlobs();
      return { blobs, dispose: () => blobs.close() };
    },
  });
});
