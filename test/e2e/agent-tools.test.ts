import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createAgentExecutor } from "../../lib/agent/index.js";
import { temporaryFolder } from "../support/agent.js";
import { apis, configAt, fakeModel } from "../support/agent-apis.js";
import { eventsOf, openManager } from "../support/manager.js";

/** Runs one prompt with the tools that the product brings. */
async function withRealTools(prompt: string, request: object, optionId = "allow_once") {
  const fake = await fakeModel();
  const folder = temporaryFolder();
  const cwd = join(folder, "work");
  mkdirSync(cwd);
  const executor = createAgentExecutor({ home: join(folder, "home"), cwd, env: { PATH: process.env["PATH"] }, config: configAt(fake.url) });
  const asked: string[] = [];
  const manager = await openManager(executor, {
    executors: { agent: executor },
    profiles: { review: { executor: "agent" }, find: { executor: "agent" } },
    onQuestion: ({ tool }) => (asked.push(tool?.name ?? "user"), { option_id: optionId }),
  });
  const { id } = await manager.start({ prompt, ...request });
  const record = await manager.wait(id, { timeoutMs: 20_000 });
  const events = await eventsOf(manager, id);
  const results = events.filter(({ type }) => type === "tool.result").map(({ payload }) => payload);
  return { record, events, results, asked, cwd, fake };
}

describe.each(apis)("The agent's own tools over the API $api", ({ model }) => {
  it("write after an approval, run, edit and read", async () => {
    const script = [
      "write sub/a.txt hello world",
      "sh cat sub/a.txt",
      'tool edit_file {"path":"sub/a.txt","old_str":"hello","new_str":"bye"}',
      "read sub/a.txt",
      "say Done",
    ];
    const { record, results, asked, cwd } = await withRealTools(`#script ${script.join(" | ")}`, { model });
    expect([record.status, record.result]).toEqual(["completed", "Done"]);
    expect(results.map(({ name, ok }) => [name, ok])).toEqual([
      ["create_file", true],
      ["bash", true],
      ["edit_file", true],
      ["read", true],
    ]);
    expect(asked).toEqual(["create_file", "bash", "edit_file"]);
    expect(results[1]).toMatchObject({ output: "hello world", exit_code: 0 });
    expect(readFileSync(join(cwd, "sub/a.txt"), "utf8")).toBe("bye world");
  });

  it("do nothing that was denied", async () => {
    const { record, results, cwd } = await withRealTools("#script write a.txt x | say Then not", { model }, "deny");
    expect([record.result, existsSync(join(cwd, "a.txt"))]).toEqual(["Then not", false]);
    expect(results).toMatchObject([{ ok: false, denied: true }]);
  });

  it("ask nobody in mode unrestricted, and shell but not writes go unasked in auto", async () => {
    const script = "#script sh echo hi & write a.txt x | say Done";
    expect((await withRealTools(script, { model, approval_mode: "unrestricted" })).asked).toEqual([]);
    expect((await withRealTools(script, { model, approval_mode: "auto" })).asked).toEqual(["create_file"]);
  });

  it("leave a read-only profile nothing that writes", async () => {
    const { results, fake } = await withRealTools("#script write a.txt x | say Done", { model, profile: "find" });
    expect(fake.requests[0]?.tools).toEqual(["read", "multi_read", "finder", "glob", "grep", "todo_read", "web_search"]);
    expect(results).toMatchObject([{ ok: false, output: expect.stringContaining("error: unknown_tool") }]);
  });
});

describe("A subagent", () => {
  it("is a child run with the tools of its parent, and its result is the call's", async () => {
    const child = { description: "look", prompt: "#script read x.txt | say Found it" };
    const { record, events, results } = await withRealTools(
      `#script tool task ${JSON.stringify(child).replace(" | ", "\\u0020\\u007c\\u0020")} | say Done`,
      {
        model: "openai/gpt-5.5",
      },
    );
    expect(record.status).toBe("completed");
    expect(events.filter(({ type }) => type === "run.child_ended")).toMatchObject([{ payload: { status: "completed" } }]);
    expect(results).toMatchObject([{ name: "task", ok: true, output: { result: "Found it" } }]);
  });
});
