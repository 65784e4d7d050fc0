import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type BuiltinParts, createBuiltinTools } from "../../../../lib/agent/tools/builtin-tools.js";
import { builtinToolNames } from "../../../../lib/agent/tools/tool-names.js";
import { type AgentRoom, openAgentRoom } from "../../../support/agent-room.js";

let agent: AgentRoom;
beforeEach(async () => {
  agent = await openAgentRoom();
});
afterEach(() => agent.close());

const least = (): BuiltinParts => ({ home: agent.home, skills: [], now: () => 0, toolNames: () => [] });
const all = (): BuiltinParts => ({
  ...least(),
  skills: [{ name: "a", description: "b", folder: agent.home }],
  threads: { find: async () => [], read: async () => undefined, create: async () => "" },
  mesh: { isPeer: false, send: async () => "", receive: async () => [] },
});

describe("createBuiltinTools", () => {
  it("makes the tools that are named, in some order", () => {
    const names = createBuiltinTools(agent.room, all()).map(({ name }) => name);
    expect(names.toSorted((a, b) => (a < b ? -1 : 1))).toEqual([...builtinToolNames].toSorted((a, b) => (a < b ? -1 : 1)));
  });

  it("leaves out those whose service is not there", () => {
    const names = new Set(createBuiltinTools(agent.room, least()).map(({ name }) => name));
    expect(builtinToolNames.filter((name) => !names.has(name))).toEqual([
      "skill",
      "find_thread",
      "read_thread",
      "handoff",
      "send_message",
      "receive_messages",
    ]);
  });

  it("has the levels of the table", () => {
    const levels = Object.groupBy(createBuiltinTools(agent.room, all()), ({ level }) => level);
    expect(Object.fromEntries(Object.entries(levels).map(([level, tools]) => [level, tools?.map(({ name }) => name)]))).toEqual({
      auto_read: ["read", "multi_read", "finder", "glob", "grep", "todo_read", "find_thread", "read_thread"],
      confirm_execute: ["bash"],
      confirm_write: ["edit_file", "create_file", "apply_patch"],
      state_write: ["todo_write", "task_list", "send_message"],
      delegated: ["task", "skill", "handoff"],
      external_read: ["oracle", "code_review", "web_search", "receive_messages"],
      interactive: ["ask_user"],
    });
  });

  it("gives strict schemas: an unknown argument is an error result", async () => {
    for (const tool of createBuiltinTools(agent.room, all())) {
      expect(tool.parameters).toMatchObject({ type: "object", additionalProperties: false });
      const { text } = await agent.use(tool, { no_such_argument: 1 });
      expect(text).toMatch(/^error: invalid_arguments: /);
      expect(text).toContain("no_such_argument");
    }
  });
});
