import { describe, it } from "vitest";
import { openFolderBlobs } from "../../../lib/node/blobs/folder-blobs.js";
import { blobStoreSuite } from "../../../lib/testing/blob-store-suite.js";
import { runSuite } from "../../../lib/testing/suite.js";
import { temporaryFolder } from "../../support/sqlite.js";

describe("openFolderBlobs", () => {
  runSuite(it, blobStoreSuite, {
    supports: { durable: true },
    async make() {
      const folder = temporaryFolder();
      const path = folder.file("attachments");
      const blobs = await openFolderBlobs({ path });
      return { blobs, reopen: () => openFolderBlobs({ path }), dispose: async () => folder.remove() };
    },
  });
});
