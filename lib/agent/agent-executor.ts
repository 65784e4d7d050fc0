import type { Executor } from "../runs/executor.js";
import { createAiSdk } from "./ai-sdk.js";
import { createAgentExecutorOn } from "./executor-on-ground.js";
import type { AgentExecutorOptions } from "./options.js";
import type { openToolset } from "./toolset.js";

/**
 * The built-in agent: runs a model loop of its own on the AI SDK, which is loaded when the first run is prepared.
 * Register it under the name `agent`.
 */
export function createAgentExecutor(options: AgentExecutorOptions = {}): Executor {
  return createAgentExecutorOn({ sdk: createAiSdk(), openToolset: openToolsetLater }, options);
}

/** The tools and what they stand on are loaded with the first run: a daemon that has no agent's run does not wait for them. */
const openToolsetLater: typeof openToolset = async (options) => (await import("./toolset.js")).openToolset(options);
