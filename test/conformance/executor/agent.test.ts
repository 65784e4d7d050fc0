import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { type AgentTool, createAgentExecutor } from "../../../lib/agent/index.js";
import { type ExecutorFixture, executorSuite } from "../../../lib/testing/executor-suite.js";
import { runSuite } from "../../../lib/testing/suite.js";
import { configAt } from "../../support/agent-apis.js";
import { type FakeModel, startFakeModel } from "../../support/fake-model.mjs";

let fake: FakeModel;
let folder = "";

beforeAll(async () => {
  fake = await startFakeModel();
  folder = mkdtempSync(join(tmpdir(), "anode-agent-"));
});
afterAll(async () => {
  await fake.close();
  rmSync(folder, { recursive: true, force: true });
});

const tools: AgentTool[] = [
  {
    name: "read",
    description: "Reads a file.",
    level: "auto_read",
    parameters: { type: "object" },
    execute: async ({ path }) => ({ ok: true, text: `read ${String(path)}` }),
  },
  {
    name: "ask_user",
    description: "Asks the user.",
    level: "interactive",
    parameters: { type: "object" },
    execute: async (_args, { context }) => {
      const { text = "" } = await context.ask({ kind: "text", scope: "user_question", prompt: "Name?" });
      return { ok: true, text };
    },
  },
];

/** The prompt is what the model will say and do. */
const scripted = (script: string) => ({ prompt: `#script ${script}`, model: "openai/gpt-5.5" });

describe("createAgentExecutor", () => {
  runSuite(it, executorSuite, {
    // Its queue stays open for as long as the request wants: a run with keep_open never completes by itself.
    supports: { questions: true, prepare: true },
    name: "agent",
    options: { graceMs: 1_000 },
    make: (): ExecutorFixture => ({
      executor: createAgentExecutor({ config: configAt(fake.url), home: join(folder, "home"), cwd: folder, env: {}, tools }),
      ordered: {
        request: scripted("think a | say b | read c | say d"),
        expected: "a b read d",
        read: ({ events }) =>
          events
            .flatMap(({ type, payload }) =>
              /\.message$|^tool\.call$/.test(type) && type !== "user.message" ? [payload["text"] ?? payload["name"]] : [],
            )
            .join(" "),
      },
      echo: { request: (text) => scripted(`say ${text}`), read: ({ record }) => record.result ?? "" },
      failing: { request: scripted("say so far | read x | error 400"), error_code: "model_error" },
      endless: { request: scripted("slow 100000 10"), ready: ({ type }) => type === "turn.started" },
      asking: { request: scripted('tool ask_user {"question":"Name?"} | say thanks') },
      refused: { request: { prompt: "x", model: "nobody/x" }, code: "unknown_provider" },
    }),
  });
});
