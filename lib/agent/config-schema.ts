import * as z from "zod";
import { later } from "../later.js";
import { approvalMode } from "../runs/schema.js";

const texts = later(() => z.array(z.string()));
const milliseconds = later(() => z.int().min(1).max(3_600_000));
const count = (max: number) => z.int().min(1).max(max);
const variables = later(() => z.record(z.string(), z.string()));

const price = later(() =>
  z.looseObject({
    input: z.number().min(0),
    output: z.number().min(0),
    cacheRead: z.number().min(0).exactOptional(),
    cacheWrite: z.number().min(0).exactOptional(),
  }),
);

const model = later(() =>
  z.union([
    z.string().min(1),
    z.looseObject({
      id: z.string().min(1),
      contextWindow: count(Number.MAX_SAFE_INTEGER).exactOptional(),
      maxOutput: count(Number.MAX_SAFE_INTEGER).exactOptional(),
      /** USD per million tokens. */
      price: price.exactOptional(),
    }),
  ]),
);

/** `providers.<id>`: where models come from. */
const providerConfig = later(() =>
  z.looseObject({
    type: z.string().min(1).exactOptional(),
    apiFormat: z.enum(["openai", "anthropic", "gemini", "generic"]).exactOptional(),
    apiKey: z.string().exactOptional(),
    baseURL: z.string().exactOptional(),
    headers: variables.exactOptional(),
    models: z.array(model).exactOptional(),
    firstByteTimeout: milliseconds.exactOptional(),
    idleTimeout: milliseconds.exactOptional(),
    maxRetries: z.int().min(0).max(100).exactOptional(),
    toolCalling: z.enum(["native", "text"]).exactOptional(),
  }),
);
/** A provider as configured. */
export type ProviderConfig = z.infer<typeof providerConfig>;

/** `profiles.<name>`: a way to run, or other fields of a built-in one. The names of the run manager are accepted beside ours. */
const profileConfig = later(() =>
  z.looseObject({
    aliases: texts.exactOptional(),
    promptKind: z.string().exactOptional(),
    systemPrompt: z.string().exactOptional(),
    appendPrompt: z.string().exactOptional(),
    tools: texts.exactOptional(),
    readOnly: z.boolean().exactOptional(),
    maxTurns: count(1000).exactOptional(),
    defaultEffort: count(5).exactOptional(),
    model: z.string().exactOptional(),
    approvalMode: approvalMode.exactOptional(),
    executor: z.union([z.string(), z.looseObject({ kind: z.string() })]).exactOptional(),
    max_turns: count(1000).exactOptional(),
    approval_mode: approvalMode.exactOptional(),
  }),
);

/** One of `permissions`; an unknown field makes the configuration invalid, since it may have been meant to restrict. */
const permissionRule = later(() =>
  z.strictObject({
    tool: z.string().min(1),
    args: z.record(z.string(), texts).exactOptional(),
    action: z.enum(["allow", "ask", "deny"]),
    reason: z.string().exactOptional(),
  }),
);
/** A rule about calls of a tool: the first that matches decides. */
export type PermissionRule = z.infer<typeof permissionRule>;

const pluginProcess = later(() =>
  z.looseObject({
    command: z.string().min(1),
    args: texts.exactOptional(),
    env: variables.exactOptional(),
    cwd: z.string().exactOptional(),
  }),
);
/** A plugin's process as configured. */
export type PluginProcess = z.infer<typeof pluginProcess>;

/** One MCP server, started by its command or reached at its address. */
const mcpServer = later(() =>
  z
    .looseObject({
      command: z.string().min(1).exactOptional(),
      args: texts.exactOptional(),
      env: variables.exactOptional(),
      cwd: z.string().exactOptional(),
      url: z.string().min(1).exactOptional(),
      headers: variables.exactOptional(),
      includeTools: texts.exactOptional(),
      excludeTools: texts.exactOptional(),
      readOnlyTools: texts.exactOptional(),
      required: z.boolean().exactOptional(),
      disabled: z.boolean().exactOptional(),
    })
    .refine((server) => (server.command === undefined) !== (server.url === undefined), {
      message: "must have exactly one of command and url",
      params: { issue: "conflict" },
    }),
);
/** An MCP server as configured. */
export type McpServerConfig = z.infer<typeof mcpServer>;

/** `mcpServers`, as in every file that names servers. */
export const mcpServers = later(() => z.record(z.string().min(1).max(128), mcpServer));

const tools = later(() =>
  z.looseObject({
    disabled: texts.exactOptional(),
    limits: z
      .looseObject({
        outputBytes: z.int().min(256).max(1_048_576).exactOptional(),
        readLines: count(5000).exactOptional(),
        bashMs: z.int().min(1).max(600_000).exactOptional(),
      })
      .exactOptional(),
    readRoots: texts.exactOptional(),
    toolboxDirs: texts.exactOptional(),
    externalTimeout: milliseconds.exactOptional(),
  }),
);

/** The configuration of the built-in agent. Keys it does not know are left as they are. */
export const agentConfig = later(() =>
  z.looseObject({
    model: z.string().min(1).exactOptional(),
    profile: z.string().min(1).exactOptional(),
    providers: z.record(z.string(), providerConfig).exactOptional(),
    profiles: z.record(z.string(), profileConfig).exactOptional(),
    permissionPreset: z.enum(["careful", "strict", "unrestricted", "yolo"]).exactOptional(),
    permissions: z.array(permissionRule).exactOptional(),
    approvalMode: approvalMode.exactOptional(),
    context: z
      .looseObject({
        window: count(Number.MAX_SAFE_INTEGER).exactOptional(),
        compaction: z
          .looseObject({
            enabled: z.boolean().exactOptional(),
            threshold: z.number().gt(0).max(1).exactOptional(),
            keepTurns: z.int().min(0).max(1000).exactOptional(),
          })
          .exactOptional(),
      })
      .exactOptional(),
    tools: tools.exactOptional(),
    shell: z
      .looseObject({
        env: variables.exactOptional(),
        pass: texts.exactOptional(),
        blocked: z.array(z.string().min(1)).exactOptional(),
        path: z.string().startsWith("/").exactOptional(),
      })
      .exactOptional(),
    web: z.looseObject({ enabled: z.boolean().exactOptional(), provider: z.enum(["exa", "duckduckgo"]).exactOptional() }).exactOptional(),
    mcp: z
      .looseObject({
        allowWorkspace: z.boolean().exactOptional(),
        connectTimeout: milliseconds.exactOptional(),
        callTimeout: milliseconds.exactOptional(),
      })
      .exactOptional(),
    mcpServers: mcpServers.exactOptional(),
    plugins: z.looseObject({ processes: z.array(pluginProcess).exactOptional(), timeout: milliseconds.exactOptional() }).exactOptional(),
    skills: z.looseObject({ paths: texts.exactOptional(), disabled: texts.exactOptional() }).exactOptional(),
    session: z
      .looseObject({
        autoSave: z.boolean().exactOptional(),
        maxSessions: z.int().min(0).exactOptional(),
        storePath: z.string().min(1).exactOptional(),
      })
      .exactOptional(),
  }),
);
/** A valid configuration of the built-in agent. */
export type AgentConfig = z.infer<typeof agentConfig>;
