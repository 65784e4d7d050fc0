import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { StreamEvent } from "../../lib/events/event.js";
import { createAiSdk } from "../../lib/agent/ai-sdk.js";
import { createAgentExecutorOn } from "../../lib/agent/executor-on-ground.js";
import type { AgentExecutorOptions, AgentTool } from "../../lib/agent/index.js";
import type { Executor } from "../../lib/runs/executor.js";
import type { RunManager } from "../../lib/runs/manager.js";
import type { RunManagerOptions } from "../../lib/runs/options.js";
import type { RunRequest, RunSummary } from "../../lib/runs/schema.js";
import { systemHost } from "../../lib/system-host.js";
import type { ManualClock } from "../../lib/testing/manual-clock.js";
import { openPlainToolset } from "./plain-toolset.js";
import { eventsOf, openManager } from "./manager.js";
import type { ScriptedModel } from "./scripted-model.js";

/** A folder that is gone when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "anode-agent-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A run that has ended, with everything it told. */
export interface Told {
  readonly record: RunSummary;
  readonly events: readonly StreamEvent[];
  /** Payloads of the events of one type. */
  of(type: string): readonly Readonly<Record<string, unknown>>[];
  /** The types in order. */
  readonly types: readonly string[];
}

/** A manager whose profiles run on the built-in agent. */
export interface AgentBench {
  readonly manager: RunManager;
  readonly folder: string;
  start(request: RunRequest): Promise<string>;
  told(id: string): Promise<Told>;
  run(request: RunRequest): Promise<Told>;
  /** Resolves with the first event of the run for which it is true. */
  seen(id: string, matches: (event: StreamEvent) => boolean): Promise<StreamEvent>;
}

/** The built-in agent with the tools of a test and no others. */
export function plainAgent(options: AgentExecutorOptions): Executor {
  return createAgentExecutorOn({ sdk: createAiSdk(), openToolset: openPlainToolset }, options);
}

/** Opens a manager over the agent; a model stands in for all providers. */
export async function agentBench(
  options: AgentExecutorOptions & { readonly model?: ScriptedModel; readonly clock?: ManualClock } = {},
  managerOptions: RunManagerOptions = {},
): Promise<AgentBench> {
  const { model, clock, ...rest } = options;
  const folder = rest.cwd ?? temporaryFolder();
  const executor = plainAgent({
    home: join(folder, "home"),
    cwd: folder,
    env: {},
    ...(model && { models: () => model }),
    ...(clock && { host: { ...systemHost, clock } }),
    ...rest,
  });
  const manager = await openManager(executor, managerOptions);
  const told = async (id: string): Promise<Told> => {
    const record = await manager.wait(id, { timeoutMs: 20_000 });
    const events = await eventsOf(manager, id);
    return {
      record,
      events,
      of: (type) => events.filter((event) => event.type === type).map(({ payload }) => payload),
      types: events.map(({ type }) => type),
    };
  };
  const start = async (request: RunRequest): Promise<string> => (await manager.start(request)).id;
  return {
    manager,
    folder,
    start,
    told,
    run: async (request) => told(await start(request)),
    async seen(id, matches) {
      for await (const event of manager.attach(id)) if ("seq" in event && matches(event)) return event;
      throw new Error("The run ended without it.");
    },
  };
}

/** A tool that notes its calls and answers `did <name>`. */
export function tool(name: string, level: AgentTool["level"], execute?: AgentTool["execute"]): AgentTool & { readonly calls: unknown[] } {
  const calls: unknown[] = [];
  return {
    name,
    level,
    description: `The tool ${name}.`,
    parameters: {
      type: "object",
      properties: { path: { type: "string" }, command: { type: "string" }, content: { type: "string" } },
      additionalProperties: false,
    },
    calls,
    async execute(args, used) {
      calls.push(args);
      return execute ? execute(args, used) : { ok: true, text: `did ${name}` };
    },
  };
}
