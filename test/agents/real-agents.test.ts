import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createContainment, createProcesses } from "../../lib/node/index.js";
import type { AnswerInput } from "../../lib/questions/schema.js";
import { systemHost } from "../../lib/system-host.js";
import { type AcpBench, openAcpBench } from "../support/acp.js";
import { type FakeModel, startFakeModel } from "../support/fake-model.mjs";
import { endSurvivors, survivors } from "../support/process-tree.js";
import { commandsOf, type RealAgent, realAgents } from "../support/real-agents.js";

const containment = createContainment({ storeId: `agents${process.pid}` });

interface Place {
  readonly bench: AcpBench;
  readonly model: FakeModel;
  readonly cwd: string;
  /** Its path marks every process of the agent. */
  readonly root: string;
}

/** An agent with a home of its own, a model that plays its prompts, and somebody who answers. */
async function open(agent: RealAgent, answer: () => AnswerInput | undefined = () => ({ option_id: "allow_once" })): Promise<Place> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), `anode-${agent.name}-`)));
  const [home, cwd] = [join(root, "home"), join(root, "work")];
  mkdirSync(home);
  mkdirSync(cwd);
  const model = await startFakeModel();
  onTestFinished(async () => {
    await model.close();
    endSurvivors(root);
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  });
  const path = [commandsOf(agent), dirname(process.execPath), "/usr/local/bin", "/usr/bin", "/bin"].join(":");
  const baseEnv = { PATH: path, HOME: home, TERM: "dumb", LANG: "C.UTF-8" };
  const bench = await openAcpBench(
    {
      agents: { [agent.name]: { env: { set: agent.point(home, model.url) } } },
      processes: createProcesses({ host: systemHost, containment, baseEnv }),
    },
    {
      profiles: { craft: { executor: { kind: "acp", agent: agent.name }, ...(agent.model && { model: agent.model }) } },
      onQuestion: answer,
    },
  );
  return { bench, model, cwd, root };
}

for (const agent of realAgents) {
  const isInstalled = commandsOf(agent) !== undefined;
  const neverAsks = agent.name === "codex";

  describe.runIf(isInstalled)(agent.name, () => {
    it("streams its text and reports what it used", async () => {
      const { bench, cwd } = await open(agent);
      const id = await bench.start({ prompt: "#script say Hello from the model", cwd });
      const previews: string[] = [];
      for await (const event of bench.manager.attach(id, { previews: true }))
        if (event.type === "assistant.delta") previews.push(String(event.payload["text"]));
      const { record, of } = await bench.ended(id);
      console.log(
        JSON.stringify(record),
        of("agent.raw")
          .map((e) => JSON.stringify(e.payload))
          .join("\n"),
        of("process.output")
          .map((e) => e.payload["text"])
          .join(""),
      );
      expect(record).toMatchObject({ status: "completed", stop_reason: "end_turn", result: "Hello from the model" });
      expect(previews.join("")).toContain("Hello from the model");
      expect(previews.length).toBeGreaterThan(1);
      console.log(agent.name, record.usage, record.cost_usd, record.model);
    });
  });
}

void existsSync;
void readFileSync;
void survivors;
