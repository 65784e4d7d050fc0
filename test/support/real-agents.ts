import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where `npm run test:agents` installs real agents, each in a folder of its own. */
export const agentsFolder = process.env["ANODE_TEST_AGENTS"] ?? join(tmpdir(), "anode-agents");

/** A real agent and how it is pointed at a model server. */
export interface RealAgent {
  readonly name: string;
  /** What npm installs. */
  readonly packages: readonly string[];
  readonly command: string;
  /** Writes its settings into a home of its own; answers the variables it needs. */
  point(home: string, modelUrl: string): Record<string, string>;
  readonly model?: string;
}

const json = (path: string, value: unknown): void => writeFileSync(path, JSON.stringify(value));

/** The agents whose dialects are proven. */
export const realAgents: readonly RealAgent[] = [
  {
    name: "claude",
    packages: ["@agentclientprotocol/claude-agent-acp@0.100.0"],
    command: "claude-agent-acp",
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
    packages: ["@agentclientprotocol/codex-acp@2.6.0"],
    command: "codex-acp",
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
    packages: ["@google/gemini-cli@0.61.0"],
    command: "gemini",
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
  },
  {
    name: "opencode",
    packages: ["opencode-ai@1.18.33"],
    command: "opencode",
    model: "fake/m1",
    point(home, modelUrl) {
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

/** The folder of an installed agent's commands; `undefined` when it is not installed. */
export function commandsOf({ name, command }: RealAgent): string | undefined {
  const folder = join(agentsFolder, name, "node_modules/.bin");
  return existsSync(join(folder, command)) ? folder : undefined;
}
