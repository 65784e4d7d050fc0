import { AnodeError } from "../errors.js";
import { version } from "../version.js";
import { type AgentLink, RefusedByAgent } from "./agent-link.js";
import { type AgentMcpServer, handOn, type McpServerStatus } from "./mcp-servers.js";
import { wordsOf } from "./outcome.js";
import { asList, asText, at } from "./read.js";
import type { AgentDefinition } from "./schema.js";
import type { InitializeResponse, McpServer, NewSessionResponse, SessionConfigOption } from "./sdk.js";

/** A session that takes prompts. */
export interface AgentSession {
  readonly id: string;
  readonly agent?: { readonly name: string; readonly version: string };
  /** The model it works with, as far as it says. */
  readonly model?: string;
  /** What became of the tool servers. */
  readonly mcpServers: readonly McpServerStatus[];
  /** The agent tells its past, and may do so even after it said that it is ready. */
  readonly tellsPast: boolean;
  readonly takesSteers: boolean;
  readonly canClose: boolean;
}

/** What a session is opened with. */
export interface SessionRequest {
  readonly agent: AgentDefinition;
  readonly cwd: string;
  readonly mcpServers: readonly AgentMcpServer[];
  readonly mode: string;
  readonly model?: string;
  /** The session to go on with. */
  readonly resume?: string;
}

type Settings = Pick<NewSessionResponse, "modes" | "configOptions">;

/**
 * Says hello, opens the session and sets mode and model.
 * @throws `unsupported_option`, `session_not_found`, `model_auth`, `model_error`
 */
export async function openSession(link: AgentLink, request: SessionRequest): Promise<AgentSession> {
  const hello = await link.request<InitializeResponse>("initialize", {
    protocolVersion: 1,
    clientInfo: { name: "anode", version },
    clientCapabilities: {
      fs: { readTextFile: false, writeTextFile: false },
      terminal: false,
      elicitation: { form: {} },
      session: { compaction: {}, notices: {} },
    },
  });
  if (hello.protocolVersion !== 1) {
    throw new AnodeError("executor_error", `The agent speaks version ${hello.protocolVersion} of the protocol, not 1.`);
  }
  const { handed, statuses } = handOn(request.mcpServers, hello.agentCapabilities?.mcpCapabilities?.http === true);
  const { id, method, settings } = await enter(link, request, hello, handed);
  await chooseMode(link, id, settings, request.mode);
  const model = await chooseModel(link, id, settings, request);
  const [name, agentVersion] = [asText(hello.agentInfo?.name), asText(hello.agentInfo?.version)];
  return {
    id,
    ...(name !== undefined && { agent: { name, version: agentVersion ?? "" } }),
    ...(model !== undefined && { model }),
    mcpServers: statuses,
    tellsPast: method === "session/load",
    takesSteers: at(hello, "_meta", "steering", "supported") === true,
    canClose: Boolean(hello.agentCapabilities?.sessionCapabilities?.close),
  };
}

/** Opens a new session, or goes on with an earlier one. */
async function enter(
  link: AgentLink,
  { cwd, resume }: SessionRequest,
  hello: InitializeResponse,
  mcpServers: McpServer[],
): Promise<{ id: string; method: string; settings: Settings }> {
  if (resume === undefined) {
    const settings = await asked(hello, link.request<NewSessionResponse>("session/new", { cwd, mcpServers }));
    return { id: settings.sessionId, method: "session/new", settings };
  }
  const { sessionCapabilities, loadSession } = hello.agentCapabilities ?? {};
  const method = sessionCapabilities?.resume ? "session/resume" : loadSession ? "session/load" : undefined;
  if (!method) throw unsupported("session_id", "The agent goes on with no earlier session.");
  const settings = await asked(hello, link.request<Settings | null>(method, { sessionId: resume, cwd, mcpServers }), notFound);
  return { id: resume, method, settings: settings ?? {} };
}

async function chooseMode(link: AgentLink, sessionId: string, { modes, configOptions }: Settings, mode: string): Promise<void> {
  if (modes?.availableModes.some(({ id }) => id === mode)) {
    if (modes.currentModeId !== mode) await link.request("session/set_mode", { sessionId, modeId: mode });
    return;
  }
  const option = (configOptions ?? []).find(({ id, category }) => category === "mode" || id === "mode");
  if (!option || !offers(option, mode)) throw unsupported("approval_mode", `The agent does not offer its mode ${mode}.`);
  if (option.currentValue !== mode) await link.request("session/set_config_option", { sessionId, configId: option.id, value: mode });
}

async function chooseModel(
  link: AgentLink,
  sessionId: string,
  { configOptions }: Settings,
  request: SessionRequest,
): Promise<string | undefined> {
  const place = request.agent.model_option;
  const { model } = request;
  const listed = (configOptions ?? []).find(({ id, category }) => (typeof place === "object" ? id === place.config : category === "model"));
  if (model === undefined) return asText(listed?.currentValue);
  if (place === "set_model") await link.request("session/set_model", { sessionId, modelId: model });
  if (typeof place !== "object") return model;
  if (!listed || !offers(listed, model)) throw unsupported("model", `The agent does not offer the model ${model}.`);
  if (listed.currentValue !== model) await link.request("session/set_config_option", { sessionId, configId: listed.id, value: model });
  return model;
}

/** Whether a value is among those of an option, which may be in groups. */
function offers(option: SessionConfigOption, value: string): boolean {
  if (option.type !== "select") return false;
  return asList(option.options).some(
    (entry) => entry["value"] === value || asList(entry["options"]).some((inner) => inner["value"] === value),
  );
}

/** An answer, or the refusal in our words. */
async function asked<Result>(hello: InitializeResponse, answer: Promise<Result>, otherwise = refusedSession): Promise<Result> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof RefusedByAgent)) throw error;
    if (error.code !== authRequired) throw otherwise(error);
    throw authMissing(error, hello);
  }
}

const authRequired = -32_000;

/** The agent wants a login that only a person can make. */
function authMissing(error: RefusedByAgent, { authMethods = [] }: InitializeResponse): AnodeError {
  const ways = authMethods.map(({ id, name }) => `${name} (${id})`).join(", ");
  return new AnodeError("model_auth", `${wordsOf(error)}${ways && `; the agent's ways to log in: ${ways}`}`, { cause: error });
}

function refusedSession(error: RefusedByAgent): AnodeError {
  return new AnodeError("model_error", wordsOf(error), { cause: error });
}

function notFound(error: RefusedByAgent): AnodeError {
  return new AnodeError("session_not_found", `The agent does not know the session: ${wordsOf(error)}`, { cause: error });
}

function unsupported(option: string, detail: string): AnodeError {
  return new AnodeError("unsupported_option", detail, { details: { option, executor: "acp" } });
}
