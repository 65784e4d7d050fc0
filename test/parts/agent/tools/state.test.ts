import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createAskUserTool } from "../../../../lib/agent/tools/ask-user.js";
import { createMessageTools } from "../../../../lib/agent/tools/messages.js";
import { createTaskListTool, taskList } from "../../../../lib/agent/tools/task-list.js";
import { createThreadTools } from "../../../../lib/agent/tools/threads.js";
import { createTodoTools, todoList } from "../../../../lib/agent/tools/todos.js";
import { createJsonFile, createMemoryValue } from "../../../../lib/agent/workspace/json-file.js";
import { type AgentRoom, openAgentRoom } from "../../../support/agent-room.js";

let agent: AgentRoom;
beforeEach(async () => {
  agent = await openAgentRoom();
});
afterEach(() => agent.close());

describe("todo_write", () => {
  it("replaces the list and tells of the whole plan", async () => {
    const [read, write] = createTodoTools(agent.room, createMemoryValue([]));
    if (!read || !write) throw new Error("There are two tools.");
    expect((await agent.use(read, {})).text).toBe("The list is empty.");
    const todos = [
      { content: "a", status: "completed" },
      { content: "b", status: "in_progress" },
      { content: "c", status: "pending" },
    ];
    expect((await agent.use(write, { todos })).text).toBe("[x] a\n[~] b\n[ ] c");
    expect((await agent.use(read, {})).text).toBe("[x] a\n[~] b\n[ ] c");
    expect(agent.run.of("plan.updated").map(({ payload }) => payload)).toEqual([{ entries: todos }]);
  });

  it("takes at most 50 of known states", async () => {
    const write = createTodoTools(agent.room, createMemoryValue([]))[1];
    if (!write) throw new Error("There are two tools.");
    const todos = Array.from({ length: 51 }, (_, index) => ({ content: String(index), status: "pending" }));
    expect((await agent.use(write, { todos })).text).toMatch(/^error: invalid_arguments: todos/);
    expect((await agent.use(write, { todos: [{ content: "a", status: "done" }] })).text).toMatch(
      /^error: invalid_arguments: todos.0.status/,
    );
  });

  it("outlasts the run in a file of its thread", async () => {
    const path = join(agent.home, "sessions/x/T-1.todos.json");
    const open = () => createTodoTools(agent.room, createJsonFile(path, todoList, []));
    await agent.use(open()[1] as never, { todos: [{ content: "a", status: "pending" }] });
    expect((await agent.use(open()[0] as never, {})).text).toBe("[ ] a");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await writeFile(path, "{");
    expect((await agent.use(open()[0] as never, {})).text).toBe("The list is empty.");
    await rm(path);
  });
});

describe("task_list", () => {
  const list = () => createTaskListTool(agent.room, createJsonFile(join(agent.home, "tasks/a.json"), taskList, []));
  const use = async (args: Record<string, unknown>) => (await agent.use(list(), args)).text;

  it("adds, updates and lists, in a file that lasts", async () => {
    expect(await use({ action: "list" })).toBe("The list is empty.");
    await use({ action: "add", title: "one" });
    expect(await use({ action: "add", title: "two", depends_on: ["1"] })).toBe("1. [pending] one\n2. [pending] two (after 1)");
    expect(await use({ action: "update", id: "1", status: "completed", title: "One" })).toBe(
      "1. [completed] One\n2. [pending] two (after 1)",
    );
    expect(JSON.parse(await readFile(join(agent.home, "tasks/a.json"), "utf8"))).toHaveLength(2);
  });

  it.each<[Record<string, unknown>, string]>([
    [{ action: "add" }, "invalid_arguments: title"],
    [{ action: "add", id: "7", title: "x" }, "invalid_arguments: id"],
    [{ action: "update", status: "completed" }, "invalid_arguments: id"],
    [{ action: "update", id: "9" }, "not_found: there is no item 9"],
    [{ action: "add", title: "x", depends_on: ["9"] }, "not_found: there is no item 9"],
    [{ action: "update", id: "1", depends_on: ["1"] }, "invalid_arguments: item 1 would depend on itself"],
    [{ action: "update", id: "1", depends_on: ["2"] }, "invalid_arguments: item 1 would depend on itself"],
    [{ action: "remove" }, "invalid_arguments: action"],
  ])("refuses %j", async (args, expected) => {
    await use({ action: "add", title: "one" });
    await use({ action: "add", title: "two", depends_on: ["1"] });
    expect(await use(args)).toContain(`error: ${expected}`);
    expect(await use({ action: "list" })).toBe("1. [pending] one\n2. [pending] two (after 1)");
  });

  it("holds at most 200 items, and loses none to a second writer", async () => {
    await Promise.all(Array.from({ length: 200 }, () => use({ action: "add", title: "x" })));
    expect((await use({ action: "list" })).split("\n")).toHaveLength(200);
    expect(await use({ action: "add", title: "one more" })).toMatch(/^error: too_large: /);
  });
});

describe("ask_user", () => {
  it("asks a choice and gives what was chosen", async () => {
    agent.answers.push({ option_id: "b", message: "really" });
    const options = [
      { id: "a", title: "Left" },
      { id: "b", title: "Right" },
    ];
    expect((await agent.use(createAskUserTool(agent.room), { question: "Where?", options })).text).toBe("b: Right\nreally");
    expect(agent.questions).toEqual([{ kind: "choice", scope: "user_question", prompt: "Where?", options }]);
  });

  it("asks for a text where there are no options", async () => {
    agent.answers.push({ text: "there" });
    expect((await agent.use(createAskUserTool(agent.room), { question: "Where?" })).text).toBe("there");
    expect(agent.questions[0]?.kind).toBe("text");
  });

  it("gives an error with the reason when nobody answers", async () => {
    agent.answers.push({ outcome: "timed_out", reason: "timed_out" });
    expect(await agent.use(createAskUserTool(agent.room), { question: "Where?" })).toMatchObject({
      ok: false,
      text: "error: interrupted: the question was not answered: timed_out",
    });
  });

  it("refuses options with one id", async () => {
    const options = [
      { id: "a", title: "x" },
      { id: "a", title: "y" },
    ];
    expect((await agent.use(createAskUserTool(agent.room), { question: "Where?", options })).text).toMatch(
      /^error: invalid_arguments: options: ids must differ/,
    );
  });
});

describe("threads and messages", () => {
  it("find_thread, read_thread and handoff reach the threads of the workspace", async () => {
    const made: string[] = [];
    const id = "T-0199c9d0-0000-7000-8000-000000000000";
    const tools = createThreadTools(agent.room, {
      find: async (query, limit) => [{ session_id: id, title: `${query} ${limit}`, updated_at: "2026-01-01T00:00:00Z" }],
      read: async (session_id, offset, limit) => (session_id === id ? `from ${offset}, ${limit}` : undefined),
      create: async (first) => (made.push(first), id),
    });
    const use = async (name: string, args: Record<string, unknown>) =>
      (await agent.use(tools.find((tool) => tool.name === name) as never, args)).text;
    expect(await use("find_thread", { query: "x" })).toBe(`${id}  2026-01-01T00:00:00Z  x 10`);
    expect(await use("read_thread", { session_id: id })).toBe("from 0, 50");
    expect(await use("read_thread", { session_id: id.replace("0199", "0000") })).toMatch(/^error: not_found: /);
    expect(await use("read_thread", { session_id: "../../x" })).toMatch(/^error: invalid_arguments: /);
    expect(await use("handoff", { goal: "g", context: "c" })).toBe(`New thread ${id}.`);
    expect(made).toEqual(["g\n\nc"]);
  });

  it("receive_messages is not there for a run that is a peer", async () => {
    const mesh = {
      send: async (to: string, text: string) => `${to}: ${text}`,
      receive: async () => [{ from: "a", text: "hi", time: "t" }],
    };
    expect(createMessageTools(agent.room, { ...mesh, isPeer: true }).map(({ name }) => name)).toEqual(["send_message"]);
    const [send, receive] = createMessageTools(agent.room, { ...mesh, isPeer: false });
    expect((await agent.use(send as never, { to: "b", text: "x" })).text).toBe("b: x");
    expect((await agent.use(receive as never, {})).text).toBe("[t] a: hi");
  });
});
