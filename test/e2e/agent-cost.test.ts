import { describe, expect, it } from "vitest";
import { agentBench, tool } from "../support/agent.js";
import { answering, configAt, fakeModel } from "../support/agent-apis.js";

describe("The cost of a run", () => {
  const priced = (url: string) => configAt(url, { models: [{ id: "gpt-5.5", price: { input: 1000, output: 10_000, cacheRead: 0 } }] });

  it("is told after each turn and in the record, and ends the run at its budget", async () => {
    const fake = await fakeModel();
    const { run } = await agentBench({ config: priced(fake.url), tools: [tool("read", "auto_read")] });
    const prompt = "#script read a | read b | read c | say Done";
    const free = await run({ prompt, model: "openai/gpt-5.5" });
    expect(free.of("usage.updated").map(({ cost_usd }) => cost_usd)).toEqual([0.11, 0.22, 0.33, 0.44]);
    expect(free.record.cost_usd).toBe(0.44);
    const bounded = await run({ prompt, model: "openai/gpt-5.5", budget: { cost_usd: 0.2 } });
    expect([bounded.record.status, bounded.record.stop_reason, bounded.record.num_turns]).toEqual(["failed", "budget_cost", 2]);
  });

  it("stays absent without a price", async () => {
    const fake = await fakeModel();
    const { run } = await agentBench({ config: configAt(fake.url), tools: [tool("read", "auto_read")] });
    const { record, of } = await run({ prompt: "#script say x", model: "openai/gpt-5.5" });
    expect([record.cost_usd, "cost_usd" in (of("usage.updated")[0] ?? {})]).toEqual([undefined, false]);
    expect(of("usage.updated")[0]?.["context"]).toEqual({ used: 101, size: 200_000 });
  });

  it("stays absent when the provider reports no usage", async () => {
    const chunks = [
      '{"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}',
      '{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}',
      "[DONE]",
    ];
    const { url } = await answering((outgoing) => {
      outgoing.writeHead(200, { "content-type": "text/event-stream" });
      outgoing.end(chunks.map((chunk) => `data: ${chunk}\n\n`).join(""));
    });
    const config = configAt(url, { models: [{ id: "glm-5.1", price: { input: 1, output: 1 } }] });
    const { run } = await agentBench({ config });
    const { record } = await run({ prompt: "x", model: "zai/glm-5.1" });
    expect([record.status, record.result, record.usage, record.cost_usd]).toEqual(["completed", "hi", undefined, undefined]);
  });
});
