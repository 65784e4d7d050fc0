import type { Host } from "../host.js";
import type { EventPayloads } from "../events/event-payloads.js";
import type { Outcome, RunContext } from "../runs/executor.js";
import type { AiSdk, SdkModel } from "./ai-sdk.js";
import type { AgentConfig } from "./config-schema.js";
import { Conversation } from "./conversation.js";
import { AgentLoop } from "./loop.js";
import type { AgentExecutorOptions, AgentMesh } from "./options.js";
import type { AgentProfile } from "./profiles.js";
import { prompts } from "./prompts/prompts.js";
import type { ResolvedModel } from "./providers/provider.js";
import { createThreadService } from "./threads/thread-service.js";
import type { NewThread, ThreadStore } from "./threads/thread-store.js";
import type { Thread } from "./threads/thread.js";
import type { openToolset, Toolset } from "./toolset.js";
import { TurnEvents } from "./turn-events.js";
import { UsageMeter } from "./usage.js";

const defaultWindow = 200_000;
const ownModelLimits = { firstByteMs: 60_000, idleMs: 120_000, maxRetries: 2, toolCalling: "native" } as const;

/** What the executor stands on; tests put other things in its place. */
export interface AgentGround {
  readonly sdk: AiSdk;
  readonly openToolset: typeof openToolset;
}

/** Everything that one run is made of. */
export interface AgentRun {
  readonly context: RunContext;
  readonly options: AgentExecutorOptions;
  readonly config: AgentConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  readonly host: Host;
  readonly ground: AgentGround;
  readonly threads: ThreadStore;
  readonly profile: AgentProfile;
  readonly resolved: ResolvedModel | undefined;
  readonly model: SdkModel;
}

/** One run from its thread to its end. */
export async function runAgent(run: AgentRun): Promise<Outcome> {
  const thread = openThread(run);
  try {
    const toolset = await run.ground.openToolset({
      context: run.context,
      config: run.config,
      profile: run.profile,
      home: run.home,
      env: run.env,
      extra: run.options.tools ?? [],
      cwd: run.cwd,
      host: run.host,
      threads: createThreadService(run.threads, newThreadOf(run), thread.id),
      ...(thread.id !== undefined && thread.todoFile !== undefined && { session: { id: thread.id, todoFile: thread.todoFile } }),
      ...(run.options.mesh && { joinMesh: joining(run, run.options.mesh) }),
      ...run.options.surround,
    });
    try {
      return await converse(run, thread, toolset);
    } finally {
      await toolset.close();
    }
  } finally {
    thread.close();
  }
}

/** What makes a peer of the run. */
function joining({ context, cwd }: AgentRun, mesh: AgentMesh): () => ReturnType<AgentMesh["join"]> {
  const { id: run_id, label, parent_id } = context.run;
  const path = context.request.cwd ?? cwd;
  return () =>
    mesh.join({
      run_id,
      path,
      signal: context.signal,
      ...(label !== undefined && { label }),
      ...(parent_id !== undefined && { parent_id }),
    });
}

async function converse(run: AgentRun, thread: Thread, toolset: Toolset): Promise<Outcome> {
  const { context, config, host, profile, resolved, model } = run;
  const { clock } = host;
  const { request } = context;
  const meter = new UsageMeter(resolved?.price);
  const window = config.context?.window ?? resolved?.contextWindow ?? defaultWindow;
  const levels = new Map(toolset.tools.map((tool) => [tool.name, tool.level]));
  const events = new TurnEvents({
    context,
    clock,
    levelOf: (tool) => levels.get(tool) ?? "unavailable",
    usage: () => meter.totals,
    window,
  });
  await toolset.hook("SessionStart", {});
  await context.emit("system.init", initOf(run, thread, toolset));
  const { enabled = true, threshold = 0.8, keepTurns = 4 } = config.context?.compaction ?? {};
  const loop = new AgentLoop({
    context,
    ai: await run.ground.sdk.load(),
    model,
    resolved: resolved ?? ownModelLimits,
    conversation: new Conversation(thread, resolved?.provider ?? model.provider),
    toolset,
    events,
    meter,
    clock,
    random: Math.random,
    prompt: [profile.systemPrompt ?? prompts[profile.kind] ?? "", profile.appendPrompt ?? ""].filter((text) => text !== "").join("\n\n"),
    maxTurns: request.max_turns ?? profile.maxTurns,
    effort: profile.effort,
    compaction: { enabled, threshold, keepTurns, window },
  });
  const outcome = await loop.run();
  await toolset.hook("SessionEnd", { status: outcome.status });
  return { ...outcome, ...(await saved(run, thread, outcome, meter)) };
}

/** Writes down how the run ended and says where the thread is. */
async function saved({ context }: AgentRun, thread: Thread, outcome: Outcome, meter: UsageMeter): Promise<{ session_id?: string }> {
  const { cost_usd, ...usage } = meter.totals;
  const { status, stop_reason } = context.signal.aborted ? ({ status: "canceled", stop_reason: "canceled" } as const) : outcome;
  const isSaved = await thread.end({
    status,
    stop_reason,
    ...(Object.keys(usage).length > 0 && { usage }),
    ...(cost_usd !== undefined && { cost_usd }),
    model: context.request.model ?? "",
  });
  if (!isSaved || thread.id === undefined) return {};
  await context.emit("session.saved", { session_id: thread.id });
  return { session_id: thread.id };
}

function openThread(run: AgentRun): Thread {
  const { session_id } = run.context.request;
  const details = newThreadOf(run);
  return session_id === undefined ? run.threads.begin(details) : run.threads.resume(details.cwd, session_id, details.runId);
}

function newThreadOf({ context, cwd, profile }: AgentRun): NewThread {
  const { cwd: at = cwd, model = "" } = context.request;
  return { runId: context.run.id, cwd: at, profile: profile.name, model };
}

function initOf({ context, options, config, cwd, profile }: AgentRun, thread: Thread, toolset: Toolset): EventPayloads["system.init"] {
  const { request } = context;
  return {
    profile_name: profile.name,
    ...(request.model !== undefined && { active_model: request.model }),
    web_enabled: config.web?.enabled ?? true,
    tools: toolset.tools.map(({ name }) => name),
    permission: { context: options.surroundings ?? "embedded", approval_mode: request.approval_mode },
    cwd: request.cwd ?? cwd,
    executor: "agent",
    ...(thread.id !== undefined && { session_id: thread.id }),
    ...(toolset.mcpServers.length > 0 && { mcp_servers: toolset.mcpServers }),
  };
}
