import { describe, it } from "vitest";
import { storeSuite } from "../../../lib/testing/store-suite.js";
import { runSuite } from "../../../lib/testing/suite.js";
import { openSourceStore, temporaryFolder } from "../../support/sqlite.js";

describe("openSqliteStore", () => {
  runSuite(it, storeSuite, {
    supports: { durable: true },
    async make(limits) {
      const folder = temporaryFolder();
      const open = () => openSourceStore({ path: folder.file("store.db"), ...(limits && { limits }) });
      let store = await open();
      return {
        store,
        async reopen() {
          await store.close();
          store = await open();
          return store;
        },
        async dispose() {
          await store.close();
          folder.remove();
        },
      };
    },
  });
});
