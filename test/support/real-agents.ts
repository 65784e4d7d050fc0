import { existsSync, globSync, mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { createContainment, createProcesses } from "../../lib/node/index.js";
import type { AnswerInput } from "../../lib/questions/schema.js";
import { systemHost } from "../../lib/system-host.js";
import { type AcpBench, openAcpBench } from "./acp.js";
import { agentPackages, binFolder, type RealAgentName, settleOpencode } from "./agent-packages.js";
import { type FakeModel, startFakeModel } from "./fake-model.mjs";
import { endSurvivors } from "./process-tree.js";

/** A real agent and how it is pointed at a model server. */
export interface RealAgent {
  readonly name: RealAgentName;
  /** Writes its settings into a home of its own; answers the variables it needs. */
  point(home: string, modelUrl: string): Record<string, string>;
  readonly model?: string;
  /** Lets the stored sessions look older. */
  age?(home: string): void;
}

const json = (path: string, value: unknown): void => writeFileSync(path, JSON.stringify(value));

/** The agents whose dialects are proven. */
export const realAgents: readonly RealAgent[] = [
  {
    name: "claude",
    point: (_home, modelUrl) => ({
      ANTHROPIC_BASE_URL: modelUrl,
      ANTHROPIC_API_KEY: "sk-fake",
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      DISABLE_TELEMETRY: "1",
      DISABLE_AUTOUPDATER: "1",
    }),
  },
  {
    name: "codex",
    point(home, modelUrl) {
      const folder = join(home, "codex");
      mkdirSync(folder, { recursive: true });
      const provider = `name = "fake"\nbase_url = "${modelUrl}/v1"\nwire_api = "responses"\nenv_key = "FAKE_KEY"\n`;
      writeFileSync(join(folder, "config.toml"), `model = "fake-model"\nmodel_provider = "fake"\n\n[model_providers.fake]\n${provider}`);
      return { CODEX_HOME: folder, FAKE_KEY: "k" };
    },
  },
  {
    name: "gemini",
    model: "gemini-2.5-pro",
    point(home, modelUrl) {
      mkdirSync(join(home, ".gemini"), { recursive: true });
      json(join(home, ".gemini/settings.json"), {
        security: { auth: { selectedType: "gemini-api-key" } },
        privacy: { usageStatisticsEnabled: false },
        telemetry: { enabled: false },
      });
      return { GEMINI_API_KEY: "k", GOOGLE_GEMINI_BASE_URL: modelUrl };
    },
    // A session's file is named by the minute of its start, and one that is loaded within that minute is emptied by the load.
    age(home) {
      for (const file of globSync(join(home, ".gemini/tmp/*/chats/session-*"))) {
        renameSync(file, file.replace(/session-[\dT-]+-/, "session-2026-01-01T00-00-"));
      }
    },
  },
  {
    name: "opencode",
    model: "fake/m1",
    point(home, modelUrl) {
      settleOpencode(home);
      const provider = {
        npm: "@ai-sdk/openai-compatible",
        options: { baseURL: `${modelUrl}/v1`, apiKey: "k" },
        models: { m1: { tool_call: true } },
      };
      json(join(home, "oc.json"), { provider: { fake: provider } });
      return { OPENCODE_CONFIG: join(home, "oc.json"), OPENCODE_DISABLE_AUTOUPDATE: "1", OPENCODE_DISABLE_MODELS_FETCH: "1" };
    },
  },
];

/** True when the agent can be run here: `npm run test:agents` installs it. */
export function isInstalled({ name }: RealAgent): boolean {
  return existsSync(join(binFolder(name), agentPackages[name].command));
}

const containment = createContainment({ storeId: `agents${process.pid}` });

export interface RealAgentPlace {
  readonly bench: AcpBench;
  readonly model: FakeModel;
  readonly cwd: string;
  readonly home: string;
  /** Its path marks every process of the agent. */
  readonly root: string;
}

/**
 * An agent with a home of its own, a model that plays its prompts, and somebody who answers.
 *
 * @param pieceMs - the model's pause before each piece of a text
 */
export async function openRealAgent(
  agent: RealAgent,
  answer: () => AnswerInput | undefined = () => ({ option_id: "allow_once" }),
  pieceMs = 0,
): Promise<RealAgentPlace> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), `anode-${agent.name}-`)));
  const [home, cwd] = [join(root, "home"), join(root, "work")];
  mkdirSync(home);
  mkdirSync(cwd);
  const model = await startFakeModel({ chunkDelayMs: pieceMs });
  onTestFinished(async () => {
    await model.close();
    endSurvivors(root);
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  });
  const path = [binFolder(agent.name), dirname(process.execPath), "/usr/local/bin", "/usr/bin", "/bin"].join(":");
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
  return { bench, model, cwd, home, root };
}
