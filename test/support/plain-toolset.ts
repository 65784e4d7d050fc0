import type { Toolset, ToolsetOptions } from "../../lib/agent/toolset.js";

/**
 * A toolset of the given tools alone, without rules, hooks or guidance: what tests of the loop put in the place of the
 * real one, so that a tool named `bash` is the test's own.
 */
export async function openPlainToolset({ context, profile, extra = [] }: ToolsetOptions): Promise<Toolset> {
  const reading = new Set(["auto_read", "external_read"]);
  return {
    tools: extra.filter(({ level }) => level !== "unavailable" && (!profile.readOnly || reading.has(level))),
    async authorize({ call_id, name, args }) {
      const level = extra.find((tool) => tool.name === name)?.level ?? "confirm_execute";
      if (context.request.approval_mode === "unrestricted" || !level.startsWith("confirm_")) return { allow: true };
      const answer = await context.ask({
        kind: "choice",
        scope: "tool_permission",
        prompt: `Run ${name}?`,
        tool: { call_id, name, level, args },
      });
      return answer.decision === "allow" ? { allow: true } : { allow: false, reason: answer.message ?? answer.reason ?? "denied" };
    },
    hook: async () => ({}),
    guidance: async () => "",
    mcpServers: [],
    close: async () => {},
  };
}
