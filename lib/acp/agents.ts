import { AnodeError } from "../errors.js";
import { parseWith } from "../parse.js";
import type { ApprovalMode } from "../runs/schema.js";
import { messageOf } from "../thrown.js";
import { asFields } from "./read.js";
import { type AgentDefinition, agentDefinition } from "./schema.js";

const everyAsks = (mode: string) => ({ ask: mode, auto: mode, unrestricted: mode });

/** The agents that need no definition. */
export const builtInAgents: Readonly<Record<string, AgentDefinition>> = {
  claude: {
    title: "Claude Code",
    argv: ["claude-agent-acp"],
    env: { pass: ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "CLAUDE_CONFIG_DIR", "CLAUDE_CODE_OAUTH_TOKEN"] },
    // In the mode that asks we answer by policy what is unrestricted, so that each decision is an event.
    approval: everyAsks("default"),
    read_only_mode: "plan",
    model_option: { config: "model" },
    supports: { session: true, steer: true, tokens: true, cost: true },
    install: "npm install --global @agentclientprotocol/claude-agent-acp",
  },
  codex: {
    title: "Codex",
    argv: ["codex-acp"],
    env: { pass: ["OPENAI_API_KEY", "CODEX_API_KEY", "CODEX_HOME"] },
    // It asks in none of its modes; where it may not write, its sandbox fails the write.
    approval: {
      ask: { mode: "read-only", asks: false },
      auto: { mode: "read-only", asks: false },
      unrestricted: { mode: "agent-full-access", asks: false },
    },
    read_only_mode: "read-only",
    model_option: { config: "model" },
    supports: { session: true, steer: true, tokens: true },
    install: "npm install --global @agentclientprotocol/codex-acp",
  },
  gemini: {
    title: "Gemini CLI",
    argv: ["gemini", "--acp", "--skip-trust", "--model", "{model}"],
    env: {
      pass: ["GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION", "GOOGLE_GEMINI_BASE_URL"],
      // Its launcher would start it again as a child and ignore signals to its own process.
      set: { GEMINI_CLI_NO_RELAUNCH: "true" },
    },
    approval: everyAsks("default"),
    read_only_mode: "plan",
    model_option: "argv",
    supports: { session: true, tokens: true },
    install: "npm install --global @google/gemini-cli",
  },
  opencode: {
    title: "OpenCode",
    argv: ["opencode", "acp"],
    env: {
      pass: ["ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "OPENROUTER_API_KEY", "OPENCODE_CONFIG"],
      // It asks only where its configuration says so; this is merged over the user's.
      set: { OPENCODE_CONFIG_CONTENT: JSON.stringify({ permission: { edit: "ask", bash: "ask", webfetch: "ask" } }) },
    },
    approval: everyAsks("build"),
    read_only_mode: "plan",
    model_option: { config: "model" },
    // The tokens it reports are those of its last model call alone.
    supports: { session: true, cost: true },
    install: "npm install --global opencode-ai",
  },
};

const agentName = /^(?!detect$)[a-z0-9][a-z0-9-]{0,62}$/;

/**
 * The built-in agents with those of a configuration laid over them, field by field; variables are added to theirs.
 * @throws `invalid_request` naming the field
 */
export function resolveAgents(given: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, AgentDefinition>> {
  const agents: Record<string, AgentDefinition> = { ...builtInAgents };
  for (const [name, fields] of Object.entries(given)) {
    if (!agentName.test(name))
      throw new AnodeError(
        "invalid_request",
        `agents.${name.slice(0, 80)} is not the name of an agent: lower case letters, digits and "-".`,
      );
    const builtIn = Object.hasOwn(builtInAgents, name) ? builtInAgents[name] : undefined;
    agents[name] = parseAgent(name, builtIn ? laidOver(builtIn, fields) : fields);
  }
  return agents;
}

/** A built-in definition with what is given of its fields; variables are added to its own. */
function laidOver(builtIn: AgentDefinition, given: unknown): unknown {
  const fields = asFields(given);
  if (!fields) return given;
  const env = asFields(fields["env"]);
  if (!env) return { ...builtIn, ...fields };
  const { pass = [], set = {} } = builtIn.env ?? {};
  const more = Array.isArray(env["pass"]) ? { pass: [...pass, ...(env["pass"] as unknown[])] } : { pass };
  return { ...builtIn, ...fields, env: { ...env, ...more, set: { ...set, ...asFields(env["set"]) } } };
}

function parseAgent(name: string, value: unknown): AgentDefinition {
  try {
    return parseWith(agentDefinition, value);
  } catch (error) {
    throw new AnodeError("invalid_request", `agents.${name}: ${messageOf(error)}`, { cause: error });
  }
}

/** The agent's own mode for what was decided about approvals. */
export interface AgentMode {
  readonly id: string;
  readonly asks: boolean;
}

/**
 * The mode an agent runs in.
 * @throws `unsupported_option` when it has none for this
 */
export function modeOf(agent: AgentDefinition, name: string, approval: ApprovalMode, readOnly: boolean): AgentMode {
  const entry = readOnly ? agent.read_only_mode : agent.approval[approval];
  if (entry === undefined) {
    const option = readOnly ? "read_only" : "approval_mode";
    const what = readOnly ? "read-only work" : `the approval mode ${approval}`;
    throw new AnodeError("unsupported_option", `The agent ${name} has no mode for ${what}.`, { details: { option, executor: "acp" } });
  }
  const silent = Object.values(agent.approval).some(
    (other) => typeof other === "object" && other.asks === false && other.mode === idOf(entry),
  );
  return { id: idOf(entry), asks: !silent };
}

function idOf(entry: NonNullable<AgentDefinition["approval"]["ask"]>): string {
  return typeof entry === "string" ? entry : entry.mode;
}
