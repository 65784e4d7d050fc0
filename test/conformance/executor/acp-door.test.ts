import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as sdk from "@agentclientprotocol/sdk";
import { afterAll, describe, it } from "vitest";
import { createAgentApp, openSessionPairs } from "../../../adapters/acp/index.js";
import { createClient } from "../../../adapters/client/index.js";
import { createAcpExecutor } from "../../../lib/acp/index.js";
import { functionExecutor } from "../../../lib/runs/function-executor.js";
import { RunManager } from "../../../lib/runs/manager.js";
import { executorSuite, type ExecutorSubject } from "../../../lib/testing/executor-suite.js";
import { runSuite } from "../../../lib/testing/suite.js";

const folder = mkdtempSync(join(tmpdir(), "anode-door-"));
const behind: RunManager[] = [];

afterAll(async () => {
  await Promise.all(behind.map((manager) => manager.close()));
  rmSync(folder, { recursive: true, force: true });
});

const work = functionExecutor(async ({ request, emit, signal, ask, input }) => {
  const tell = (text: string): Promise<number> => emit("assistant.message", { message_id: text, text });
  if (request.prompt === "ordered") for (const text of "abcd") await tell(text);
  if (request.prompt === "failing") throw new Error("no luck");
  if (request.prompt === "asking") await ask({ kind: "text", scope: "user_question", prompt: "Name?" });
  if (request.prompt === "endless") {
    await tell("at work");
    await emit("tool.call", { call_id: "c", name: "wait", args: {}, level: "auto_read" });
    await new Promise<void>((resolve) => (signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve())));
  }
  if (request.prompt.startsWith("echo ")) await tell(request.prompt.slice("echo ".length));
  for (let next = await input.next(); next; next = await input.next()) await next.delivered();
});

/** The runs of another manager, served as an agent. */
async function served(): Promise<sdk.AgentApp> {
  const manager = new RunManager({ executors: { work }, profiles: { craft: { executor: "work" } } });
  await manager.open();
  behind.push(manager);
  return createAgentApp(sdk, createClient(manager), openSessionPairs(join(folder, "pairs.json"))).app;
}

const subject: ExecutorSubject = {
  name: "acp",
  supports: { questions: true, queue: true },
  async make() {
    const app = await served();
    const approval = { ask: "ask", auto: "auto", unrestricted: "unrestricted" };
    return {
      executor: createAcpExecutor({ agents: { craft: { argv: ["anode", "acp"], approval } }, connect: () => app }),
      ordered: {
        request: { prompt: "ordered" },
        expected: "abcd",
        read: ({ events }) =>
          events.flatMap(({ type, payload }) => (type === "assistant.message" ? [String(payload["text"])] : [])).join(""),
      },
      echo: { request: (text) => ({ prompt: `echo ${text}` }), read: ({ record }) => record.result ?? "" },
      failing: { request: { prompt: "failing" }, error_code: "model_error" },
      endless: { request: { prompt: "endless" }, ready: ({ type }) => type === "assistant.message" },
      asking: { request: { prompt: "asking" } },
      listening: { request: { prompt: "echo one" } },
    };
  },
  options: { profiles: { craft: { executor: { kind: "acp", agent: "craft" } } } },
};

describe("createAcpExecutor over the runs of another manager", () => {
  runSuite(it, executorSuite, subject);
});
