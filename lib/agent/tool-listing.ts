import type { Executor, Profile } from "../runs/executor.js";
import { supportsNothing } from "../runs/normal-request.js";
import { systemHost } from "../system-host.js";
import type { AgentConfig } from "./config-schema.js";
import { toAgentProfile } from "./profiles.js";
import { configuredThreads } from "./threads/configured-threads.js";
import { createThreadService } from "./threads/thread-service.js";
import type { ToolLevel } from "./tool.js";
import { openToolset } from "./toolset.js";

/** A tool that a profile has. */
export interface ListedTool {
  readonly name: string;
  readonly level: ToolLevel;
  /** `built-in`, `toolbox`, `mcp <server>` or `plugin <name>`. */
  readonly source: string;
}

/** Where tools are looked for. */
export interface ToolListingOptions {
  readonly config: AgentConfig;
  /** The home folder. */
  readonly home: string;
  /** Our own environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where runs work that name no folder. */
  readonly cwd: string;
}

/** An executor whose runs open their tools as an agent's run does, and have the list of them, as JSON, for a result. No model is asked. */
export function createToolListing({ config, cwd, env, home }: ToolListingOptions): Executor {
  const known = new Map<string, Profile>();
  return {
    kind: "agent",
    supports: { ...supportsNothing, tools: true },
    prepare(request, profile) {
      known.set(request.profile, profile);
      return { supports: { ...supportsNothing, tools: true }, request };
    },
    async execute(context) {
      const { profile: name, cwd: at = cwd } = context.request;
      const threads = createThreadService(configuredThreads(config, home, systemHost.clock.now), {
        runId: context.run.id,
        cwd: at,
        profile: name,
        model: "",
      });
      const toolset = await openToolset({ context, config, profile: toAgentProfile(name, known.get(name)), home, env, cwd, threads });
      try {
        const tools = toolset.tools.map((tool): ListedTool => ({ name: tool.name, level: tool.level, source: sourceOf(tool.name) }));
        return { status: "completed", stop_reason: "end_turn", result: JSON.stringify(tools) };
      } finally {
        await toolset.close();
      }
    },
  };
}

/** The name of an extension's tool says whose it is. */
function sourceOf(name: string): string {
  const [kind = "", from = ""] = name.split("__");
  if (name.startsWith("mcp__") || name.startsWith("plugin__")) return `${kind} ${from}`;
  return name.startsWith("tb__") ? "toolbox" : "built-in";
}
