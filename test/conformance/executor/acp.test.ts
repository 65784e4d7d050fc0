import { describe, it } from "vitest";
import { createAcpExecutor } from "../../../lib/acp/index.js";
import { executorSuite, type ExecutorSubject } from "../../../lib/testing/executor-suite.js";
import { runSuite } from "../../../lib/testing/suite.js";
import { scriptedDefinition } from "../../support/acp.js";
import { scriptedAgent } from "../../support/acp-agent.js";

const subject: ExecutorSubject = {
  name: "acp",
  supports: { questions: true, queue: true, prepare: true },
  make: () => ({
    executor: createAcpExecutor({ agents: { craft: scriptedDefinition }, connect: () => scriptedAgent() }),
    ordered: {
      request: { prompt: "#script say a | say b | say c | say d" },
      expected: "abcd",
      read: ({ events }) => events.flatMap(({ type, payload }) => (type === "assistant.message" ? [String(payload["text"])] : [])).join(""),
    },
    echo: { request: (text) => ({ prompt: `#script say ${text}` }), read: ({ record }) => record.result ?? "" },
    failing: { request: { prompt: "#script say before | error -32603" }, error_code: "model_error" },
    endless: { request: { prompt: "#script say at work | think on | hang" }, ready: ({ type }) => type === "assistant.message" },
    asking: { request: { prompt: "#script pick" } },
    listening: { request: { prompt: "#script say one" } },
    refused: { request: { prompt: "x", max_turns: 3 }, code: "unsupported_option" },
  }),
  options: { profiles: { craft: { executor: { kind: "acp", agent: "craft" } } } },
};

describe("createAcpExecutor", () => {
  runSuite(it, executorSuite, subject);
});
