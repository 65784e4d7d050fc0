import { describe, it } from "vitest";
import { runSuite } from "../../../lib/testing/suite.js";
import { paneBackendSuite } from "../../../lib/testing/pane-backend-suite.js";
import { memoryPaneSubject } from "../../support/memory-pane-subject.js";

describe("createMemoryPanes", () => {
  runSuite(it, paneBackendSuite, memoryPaneSubject());
});
