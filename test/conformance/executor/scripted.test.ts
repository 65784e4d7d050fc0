import { describe, it } from "vitest";
import { executorSuite } from "../../../lib/testing/executor-suite.js";
import { runSuite } from "../../../lib/testing/suite.js";
import { plain, scripted, subjectOf } from "../../support/prompted-executors.js";

describe("scriptedExecutor", () => {
  runSuite(it, executorSuite, subjectOf(scripted));
});
describe("functionExecutor", () => {
  runSuite(it, executorSuite, subjectOf(plain));
});
