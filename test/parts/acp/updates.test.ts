import { describe, expect, it } from "vitest";
import { openAcpBench } from "../../support/acp.js";
import { scriptedAgent } from "../../support/acp-agent.js";

/** The run of a script of updates. */
async function told(...updates: object[]) {
  const bench = await openAcpBench({ connect: () => scriptedAgent() });
  return bench.run({ prompt: `#script ${updates.map((update) => `tell ${JSON.stringify(update)}`).join(" | ")}` });
}

const text = (sessionUpdate: string, words: string, messageId?: string) => ({
  sessionUpdate,
  content: { type: "text", text: words },
  ...(messageId && { messageId }),
});
const said = (words: string, messageId?: string) => text("agent_message_chunk", words, messageId);
const thought = (words: string, messageId?: string) => text("agent_thought_chunk", words, messageId);
const payloads = (events: readonly { readonly payload: object }[]) => events.map(({ payload }) => payload);

describe("text", () => {
  it("is one message until its id, its voice or the work changes", async () => {
    const call = { sessionUpdate: "tool_call", toolCallId: "c1", title: "Look", kind: "read", status: "completed" };
    const { events } = await told(said("a", "1"), said("b", "1"), said("c", "2"), thought("d", "2"), said("e"), said("f"), call, said("g"));
    const messages = events.filter(({ type }) => type.endsWith(".message") && type !== "user.message");
    expect(messages.map(({ type, payload }) => [type, payload["text"]])).toEqual([
      ["assistant.message", "ab"],
      ["assistant.message", "c"],
      ["reasoning.message", "d"],
      ["assistant.message", "ef"],
      ["assistant.message", "g"],
    ]);
  });

  it("is shown while it grows, with its offset", async () => {
    const bench = await openAcpBench({ connect: () => scriptedAgent() });
    const id = await bench.start({ prompt: "#script say Hello there | hang" });
    let grown = "";
    for await (const event of bench.manager.attach(id, { previews: true })) {
      if (event.type !== "assistant.delta") continue;
      grown = grown.slice(0, event.payload["offset"] as number) + String(event.payload["text"]);
      if (grown === "Hello there") break;
    }
    await bench.manager.cancel(id);
    expect((await bench.ended(id)).of("assistant.message")[0]?.payload).toEqual({ message_id: "m1", text: "Hello there" });
  });

  it("of our own prompt is not told twice, and blank text not at all", async () => {
    const { of } = await told(text("user_message_chunk", "again"), said(" \n"));
    expect(of("user.message")).toHaveLength(1);
    expect(of("assistant.message")).toEqual([]);
  });

  it("that is no text is kept as it came", async () => {
    const image = { sessionUpdate: "agent_message_chunk", content: { type: "image", data: "AA==", mimeType: "image/png" } };
    expect(payloads((await told(image)).of("agent.raw"))).toEqual([{ source: "acp", data: image }]);
  });
});

describe("a call of a tool", () => {
  it("is told with name, arguments, level and place, then what changes, then its result", async () => {
    const { of } = await told(
      { sessionUpdate: "tool_call", toolCallId: "c1", title: "Edit", kind: "edit", status: "pending" },
      {
        sessionUpdate: "tool_call_update",
        toolCallId: "c1",
        title: "Edit a.txt",
        rawInput: { path: "a.txt" },
        locations: [{ path: "/w/a.txt", line: 3 }],
      },
      { sessionUpdate: "tool_call_update", toolCallId: "c1", status: "in_progress" },
      { sessionUpdate: "tool_call_update", toolCallId: "c1", status: "completed", rawOutput: { lines: 2 } },
    );
    expect(payloads(of("tool.call"))).toEqual([
      { call_id: "c1", name: "edit", args: {}, level: "confirm_write", title: "Edit", kind: "edit" },
    ]);
    expect(payloads(of("tool.updated"))).toEqual([
      { call_id: "c1", title: "Edit a.txt", args: { path: "a.txt" }, locations: [{ path: "/w/a.txt", line: 3 }] },
    ]);
    expect(payloads(of("tool.result"))).toEqual([
      { call_id: "c1", name: "edit", ok: true, output: { lines: 2 }, duration_ms: expect.any(Number) as number },
    ]);
  });

  it.for([
    ["read", "auto_read"],
    ["search", "auto_read"],
    ["think", "auto_read"],
    ["fetch", "external_read"],
    ["edit", "confirm_write"],
    ["delete", "confirm_write"],
    ["move", "confirm_write"],
    ["execute", "confirm_execute"],
    ["switch_mode", "confirm_execute"],
    ["other", "confirm_execute"],
    ["toString", "confirm_execute"],
    [undefined, "confirm_execute"],
  ])("of kind %s has the level %s", async ([kind, level]) => {
    const { of } = await told({ sessionUpdate: "tool_call", toolCallId: "c", title: "T", ...(kind && { kind }) });
    expect(of("tool.call")[0]?.payload["level"]).toBe(level);
  });

  it("that fails says why", async () => {
    const content = [{ type: "content", content: { type: "text", text: "no such file" } }];
    const { of } = await told(
      { sessionUpdate: "tool_call", toolCallId: "c1", title: "T", name: "Read" },
      { sessionUpdate: "tool_call_update", toolCallId: "c1", status: "failed", content },
    );
    expect(of("tool.result")[0]?.payload).toMatchObject({ name: "Read", ok: false, error: "no such file", output: "no such file" });
  });

  it("tells each file that it changed, with its lines", async () => {
    const diff = (path: string, newText: string, oldText?: string) => ({
      type: "diff",
      path,
      newText,
      ...(oldText !== undefined && { oldText }),
    });
    const { of } = await told(
      {
        sessionUpdate: "tool_call",
        toolCallId: "c1",
        title: "T",
        kind: "edit",
        content: [diff("/a", "1\n2\n"), diff("/b", "one\nnew\nthree\n", "one\ntwo\nthree\n")],
      },
      { sessionUpdate: "tool_call_update", toolCallId: "c1", status: "completed" },
    );
    expect(payloads(of("file.changed"))).toEqual([
      { call_id: "c1", path: "/a", change: "created", added: 2, removed: 0 },
      { call_id: "c1", path: "/b", change: "modified", added: 1, removed: 1 },
    ]);
  });

  it("tells of the change that was shown first, when its end only says that it is done", async () => {
    const { of } = await told(
      {
        sessionUpdate: "tool_call",
        toolCallId: "c1",
        title: "T",
        kind: "edit",
        content: [{ type: "diff", path: "/a", oldText: "", newText: "x" }],
      },
      {
        sessionUpdate: "tool_call_update",
        toolCallId: "c1",
        status: "completed",
        content: [{ type: "content", content: { type: "text", text: "Wrote it." } }],
      },
    );
    expect(payloads(of("file.changed"))).toEqual([{ call_id: "c1", path: "/a", change: "created", added: 1, removed: 0 }]);
    expect(of("tool.result")[0]?.payload["output"]).toBe("Wrote it.");
  });

  it("may bear the id of one that has ended", async () => {
    const call = { sessionUpdate: "tool_call", toolCallId: "c1", title: "T", kind: "read", status: "completed" };
    const late = { sessionUpdate: "tool_call_update", toolCallId: "c1", title: "late" };
    const { of } = await told(call, late, call);
    expect(of("tool.result")).toHaveLength(2);
    expect(of("tool.updated")).toEqual([]);
  });

  it("changes no file when it failed", async () => {
    const content = [{ type: "diff", path: "/a", newText: "x" }];
    const { of } = await told({ sessionUpdate: "tool_call", toolCallId: "c1", title: "T", status: "failed", content });
    expect(of("file.changed")).toEqual([]);
  });

  it("that is first heard of by an update is announced", async () => {
    const { of } = await told({ sessionUpdate: "tool_call_update", toolCallId: "c9", title: "Late", kind: "search", status: "completed" });
    expect(of("tool.call")[0]?.payload).toMatchObject({ call_id: "c9", name: "search", title: "Late" });
    expect(of("tool.result")).toHaveLength(1);
  });

  it("that the agent never ends is ended with the prompt, and once", async () => {
    const { of } = await told({ sessionUpdate: "tool_call", toolCallId: "c1", title: "T" });
    expect(payloads(of("tool.result"))).toMatchObject([{ call_id: "c1", ok: false, error: "no result reported" }]);
  });

  it("shows its growing output", async () => {
    const bench = await openAcpBench({ connect: () => scriptedAgent() });
    const output = (words: string) => ({
      sessionUpdate: "tool_call_update",
      toolCallId: "c1",
      content: [{ type: "content", content: { type: "text", text: words } }],
    });
    const id = await bench.start({
      prompt: `#script tell ${JSON.stringify({ sessionUpdate: "tool_call", toolCallId: "c1", title: "T" })} | tell ${JSON.stringify(output("ab"))} | tell ${JSON.stringify(output("abcd"))} | hang`,
    });
    let grown = "";
    for await (const event of bench.manager.attach(id, { previews: true })) {
      if (event.type !== "tool.delta") continue;
      grown = grown.slice(0, event.payload["offset"] as number) + String(event.payload["text"]);
      if (grown === "abcd") break;
    }
    await bench.manager.cancel(id);
    expect(grown).toBe("abcd");
  });
});

describe("other updates", () => {
  it("are the plan, the context, notices and compactions", async () => {
    const { of, record } = await told(
      { sessionUpdate: "plan", entries: [{ content: "first", priority: "high", status: "in_progress" }] },
      { sessionUpdate: "usage_update", used: 53_000, size: 200_000, cost: { amount: 0.045, currency: "USD" } },
      { sessionUpdate: "notice", severity: "warning", title: "Slow", description: "the model is busy" },
      { sessionUpdate: "compaction_update", compactionId: "k", status: "in_progress" },
      { sessionUpdate: "compaction_update", compactionId: "k", status: "completed" },
    );
    expect(payloads(of("plan.updated"))).toEqual([{ entries: [{ content: "first", status: "in_progress", priority: "high" }] }]);
    expect(payloads(of("usage.updated"))[0]).toEqual({ context: { used: 53_000, size: 200_000 }, cost_usd: 0.045 });
    expect(payloads(of("system.notice"))).toEqual([{ level: "warning", code: "agent_notice", text: "Slow: the model is busy" }]);
    expect(payloads(of("context.compacted"))).toEqual([{ trigger: "agent" }]);
    expect(record.cost_usd).toBe(0.045);
  });

  it("are silent where they only concern an editor", async () => {
    const { events } = await told(
      { sessionUpdate: "available_commands_update", availableCommands: [] },
      { sessionUpdate: "current_mode_update", currentModeId: "plan" },
      { sessionUpdate: "config_option_update", configOptions: [] },
      { sessionUpdate: "session_info_update", title: "A title" },
    );
    expect(events.map(({ type }) => type)).toEqual([
      "run.queued",
      "run.started",
      "system.init",
      "user.message",
      "usage.updated",
      "run.completed",
    ]);
  });

  it("of no known kind or shape are kept as they came, and the run goes on", async () => {
    const { of, record } = await told(
      { sessionUpdate: "from_the_future", x: 1 },
      { nothing: true },
      { sessionUpdate: "tool_call", title: "no id" },
      { sessionUpdate: "__proto__" },
      said("on"),
    );
    expect(of("agent.raw")).toHaveLength(4);
    expect(record).toMatchObject({ status: "completed", result: "on" });
  });

  it("in another currency cost nothing known", async () => {
    const { record } = await told({ sessionUpdate: "usage_update", used: 1, size: 2, cost: { amount: 3, currency: "EUR" } });
    expect(record.cost_usd).toBeUndefined();
  });
});
