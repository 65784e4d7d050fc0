import { describe, it } from "vitest";
import { createMemoryStore } from "../../../lib/store/memory-store.js";
import { storeSuite } from "../../../lib/testing/store-suite.js";
import { runSuite } from "../../../lib/testing/suite.js";

describe("createMemoryStore", () => {
  runSuite(it, storeSuite, {
    supports: { durable: false },
    async make(limits) {
      const store = createMemoryStore({ ...(limits && { limits }) });
      return { store, dispose: () => store.close() };
    },
  });
});
