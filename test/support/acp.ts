import { onTestFinished } from "vitest";
import type { AcpExecutorOptions } from "../../lib/acp/acp-executor.js";
import { createAcpExecutor } from "../../lib/acp/index.js";
import type { StreamEvent } from "../../lib/events/event.js";
import { RunManager } from "../../lib/runs/manager.js";
import type { RunManagerOptions } from "../../lib/runs/options.js";
import type { RunRequest, RunSummary } from "../../lib/runs/schema.js";

/** A definition of the scripted agent. */
export const scriptedDefinition = {
  argv: ["scripted-agent"],
  approval: { ask: "default", auto: "default", unrestricted: "default" },
  read_only_mode: "plan",
  model_option: { config: "model" },
  supports: { session: true, steer: true, tokens: true, cost: true },
};

/** A run that has ended. */
export interface EndedRun {
  readonly record: RunSummary;
  readonly events: readonly StreamEvent[];
  of(type: string): readonly StreamEvent[];
}

/** A manager whose profile `craft` runs on an agent. */
export interface AcpBench {
  readonly manager: RunManager;
  start(request: RunRequest): Promise<string>;
  ended(id: string): Promise<EndedRun>;
  run(request: RunRequest): Promise<EndedRun>;
  /** Resolves with the first event of a type. */
  seen(id: string, type: string): Promise<StreamEvent>;
}

/** Opens a manager over an ACP executor; closed when the test ends. */
export async function openAcpBench(options: AcpExecutorOptions, managerOptions: RunManagerOptions = {}): Promise<AcpBench> {
  const manager = new RunManager({
    executors: { acp: createAcpExecutor({ agents: { scripted: scriptedDefinition }, ...options }) },
    profiles: { craft: { executor: { kind: "acp", agent: "scripted" } } },
    ...managerOptions,
  });
  await manager.open();
  onTestFinished(() => manager.close());
  const ended = async (id: string): Promise<EndedRun> => {
    const events: StreamEvent[] = [];
    for await (const event of manager.attach(id)) if ("seq" in event) events.push(event);
    return { record: await manager.get(id), events, of: (type) => events.filter((event) => event.type === type) };
  };
  const start = async (request: RunRequest): Promise<string> => (await manager.start(request)).id;
  return {
    manager,
    start,
    ended,
    run: async (request) => ended(await start(request)),
    async seen(id, type) {
      for await (const event of manager.attach(id)) if (event.type === type && "seq" in event) return event;
      throw new Error(`The run ended without ${type}.`);
    },
  };
}
