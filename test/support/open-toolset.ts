import type { AgentConfig } from "../../lib/agent/config-schema.js";
import type { ToolResult } from "../../lib/agent/tool.js";
import { openToolset, type Toolset, type ToolsetOptions } from "../../lib/agent/toolset.js";
import type { AgentRoom } from "./agent-room.js";

/** A toolset in the hands of a test that plays the loop. */
export interface OpenedToolset extends Toolset {
  /** Authorizes and executes, as the loop does; a denial is a result too. */
  run(name: string, args: Readonly<Record<string, unknown>>, call_id?: string): Promise<ToolResult>;
}

/** Opens a toolset in a test's room. */
export async function openTestToolset(
  agent: AgentRoom,
  config: AgentConfig = {},
  rest: Partial<ToolsetOptions> = {},
): Promise<OpenedToolset> {
  const toolset = await openToolset({
    context: agent.context,
    config,
    profile: { tools: "craft", readOnly: false },
    home: agent.home,
    env: { PATH: process.env["PATH"] },
    ...rest,
  });
  return {
    ...toolset,
    async run(name, args, call_id = "c1") {
      const decision = await toolset.authorize({ call_id, name, args });
      if (!decision.allow) return { ok: false, text: `denied: ${decision.reason}` };
      const tool = toolset.tools.find((one) => one.name === name);
      if (!tool) throw new Error(`There is no ${name}.`);
      return tool.execute(args, agent.call(call_id));
    },
  };
}
