import { describe, expect, it } from "vitest";
import { openAcpBench, scriptedDefinition } from "../../support/acp.js";
import { scriptedAgent } from "../../support/acp-agent.js";

describe("follow-up input", () => {
  it("is the next prompt of the same session, and its task has a result of its own", async () => {
    const prompts: unknown[] = [];
    const connect = () => scriptedAgent({ heard: (method, params) => method === "session/prompt" && prompts.push(params) });
    const bench = await openAcpBench({ connect });
    const id = await bench.start({ prompt: "#script say one | slow 3 5" });
    await bench.seen(id, "user.message");
    const { input_id } = await bench.manager.input(id, { text: "#script say two" });
    const { events, record, of } = await bench.ended(id);
    expect(record).toMatchObject({ status: "completed", result: "two" });
    expect(prompts).toMatchObject([
      { sessionId: record.session_id },
      { sessionId: record.session_id, prompt: [{ type: "text", text: "#script say two" }] },
    ]);
    expect(events.map(({ type }) => type).filter((type) => /^(input|user)/.test(type))).toEqual([
      "user.message",
      "input.accepted",
      "input.delivered",
      "user.message",
      "input.completed",
    ]);
    expect(of("user.message")[1]?.payload).toMatchObject({ input_id, text: "#script say two" });
    expect(of("input.completed")[0]?.payload).toEqual({ input_id, result: "two" });
  });

  it("wakes a run that waits for it", async () => {
    const bench = await openAcpBench({ connect: () => scriptedAgent() });
    const id = await bench.start({ prompt: "#script say one", keep_open: true });
    await bench.seen(id, "run.idle");
    await bench.manager.input(id, { text: "#script say two" });
    expect((await bench.seen(id, "input.completed")).payload["result"]).toBe("two");
    await bench.manager.cancel(id);
    expect((await bench.ended(id)).record.status).toBe("canceled");
  });

  it("is not taken up after a task that failed", async () => {
    const bench = await openAcpBench({ connect: () => scriptedAgent() });
    const id = await bench.start({ prompt: "#script slow 3 5 | error -32603" });
    await bench.seen(id, "user.message");
    await bench.manager.input(id, { text: "more" });
    const { record, of } = await bench.ended(id);
    expect(record).toMatchObject({ status: "failed", error_code: "model_error" });
    expect(of("input.dropped")).toHaveLength(1);
  });
});

describe("a steer", () => {
  it("reaches the agent while it works", async () => {
    const bench = await openAcpBench({ connect: () => scriptedAgent({ steers: true }) });
    const id = await bench.start({ prompt: "#script steered" });
    await bench.seen(id, "user.message");
    const { input_id } = await bench.manager.input(id, { text: "left", delivery: "steer" });
    const { record, of } = await bench.ended(id);
    expect(record.result).toBe("steered by left");
    expect(of("input.delivered")).toHaveLength(1);
    expect(of("user.message")[1]?.payload).toMatchObject({ text: "left", input_id });
  });

  it("that the agent gives back is the next prompt", async () => {
    const bench = await openAcpBench({ connect: () => scriptedAgent({ steers: true }) });
    const id = await bench.start({ prompt: "#script slow 40 5" });
    await bench.seen(id, "user.message");
    await bench.manager.input(id, { text: "#script say later", delivery: "steer" });
    const { record, of } = await bench.ended(id);
    expect(record.result).toBe("later");
    expect(of("user.message")).toHaveLength(2);
    expect(of("input.delivered")).toHaveLength(1);
  });

  it("is the next prompt of an agent that takes none", async () => {
    const bench = await openAcpBench({ connect: () => scriptedAgent() });
    const id = await bench.start({ prompt: "#script slow 5 5" });
    await bench.seen(id, "user.message");
    await bench.manager.input(id, { text: "#script say after", delivery: "steer" });
    expect((await bench.ended(id)).record.result).toBe("after");
  });

  it("is refused for an agent whose definition does not have it", async () => {
    const bench = await openAcpBench({ connect: () => scriptedAgent(), agents: { scripted: { ...scriptedDefinition, supports: {} } } });
    const id = await bench.start({ prompt: "#script hang" });
    await bench.seen(id, "user.message");
    await expect(bench.manager.input(id, { text: "left", delivery: "steer" })).rejects.toMatchObject({ code: "unsupported_option" });
  });
});
