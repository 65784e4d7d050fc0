import { describe, expect, it } from "vitest";
import type { CallParams } from "../../../lib/agent/ai-sdk.js";
import { agentBench, tool } from "../../support/agent.js";
import { answer, call, finish, refusal, say, scriptedModel } from "../../support/scripted-model.js";

const big = "x".repeat(4_000);
const read = () => tool("read", "auto_read", async () => ({ ok: true, text: big }));
const step = (turn: number, input: number) => [call("read", {}, `c${turn}`), finish("tool-calls", { input, output: 1 })];
const config = (compaction: { threshold?: number; keepTurns?: number; enabled?: boolean }) => ({ context: { window: 1_000, compaction } });

/** What the model was shown, one word a message. */
const shown = ({ prompt = [] }: Partial<CallParams> = {}): string[] =>
  prompt.map((message) => {
    if (message.role === "system") return "system";
    const [part] = message.content;
    if (part?.type === "tool-result") return "value" in part.output && part.output.value === "[removed]" ? "removed" : "result";
    return part?.type === "text" ? `${message.role}:${part.text.slice(0, 20)}` : `${message.role}:${part?.type}`;
  });

describe("A conversation that grows beyond its window", () => {
  it("first loses the results of older tool calls", async () => {
    const model = scriptedModel(step(1, 100), step(2, 120), step(3, 140), answer("Done"));
    const { run } = await agentBench({
      model,
      tools: [read()],
      config: { context: { window: 1_100, compaction: { threshold: 1, keepTurns: 1 } } },
    });
    const { record, of } = await run({ prompt: "go" });
    expect(record.status).toBe("completed");
    expect(of("context.compacted").map(({ trigger }) => trigger)).toEqual(["threshold", "threshold"]);
    expect(shown(model.calls[2])).toEqual(["system", "user:go", "assistant:tool-call", "removed", "assistant:tool-call", "result"]);
  });

  it("then gives its older messages for a summary; the prompt and the last turns stay", async () => {
    const long = { prompt: `go ${"y".repeat(3_000)}` };
    const model = scriptedModel([...say("z".repeat(3_000)), ...step(1, 900)], step(2, 920), answer("what went before"), answer("Done"));
    const { run } = await agentBench({ model, tools: [read()], config: config({ threshold: 0.8, keepTurns: 1 }) });
    const { record, of } = await run(long);
    expect(record.status).toBe("completed");
    const [, , summary, last] = model.calls;
    expect(summary?.tools).toBeUndefined();
    expect(JSON.stringify(summary?.prompt)).toContain("assistant: zzz");
    expect(shown(last)).toEqual(["system", "user:Summary of the conve", "user:go yyyyyyyyyyyyyyyyy", "assistant:tool-call", "result"]);
    const [compacted] = of("context.compacted");
    expect(Number(compacted?.["after_tokens"])).toBeLessThan(Number(compacted?.["before_tokens"]));
    expect(record.usage?.input_tokens).toBe(900 + 920 + 10 + 10);
  });

  it("goes on from the summary when the thread is resumed", async () => {
    const model = scriptedModel(step(1, 900), step(2, 900), answer("all of it"), answer("Done"), answer("Again"));
    const { run } = await agentBench({ model, tools: [read()], config: config({ threshold: 0.8, keepTurns: 1 }) });
    const { record } = await run({ prompt: "go" });
    await run({ prompt: "more", ...(record.session_id && { session_id: record.session_id }) });
    expect(shown(model.calls[4])).toEqual([
      "system",
      "user:Summary of the conve",
      "assistant:tool-call",
      "removed",
      "assistant:Done",
      "user:more",
    ]);
  });

  it("is left as it is when compaction is off", async () => {
    const model = scriptedModel(step(1, 5_000), step(2, 5_000), answer("Done"));
    const { run } = await agentBench({ model, tools: [read()], config: config({ enabled: false, keepTurns: 1 }) });
    expect((await run({ prompt: "go" })).of("context.compacted")).toEqual([]);
  });

  it("is made shorter once when the provider says that it does not fit, and the turn goes on", async () => {
    const overflow = refusal(400, "prompt is too long: 210000 tokens > 200000 maximum");
    const model = scriptedModel(step(1, 10), step(2, 10), () => Promise.reject(overflow), answer("so far"), answer("Done"));
    const { run } = await agentBench({ model, tools: [read()], config: { context: { compaction: { keepTurns: 1 } } } });
    const { record, of } = await run({ prompt: "go" });
    expect([record.status, record.result, record.num_turns]).toEqual(["completed", "Done", 3]);
    expect(of("context.compacted")).toMatchObject([{ trigger: "overflow" }]);
  });

  it("fails the run with context_overflow when it does not fit a second time", async () => {
    const overflow = () => Promise.reject(refusal(400, "This model's maximum context length is 1000 tokens"));
    const model = scriptedModel(
      step(1, 10),
      step(2, 10),
      overflow,
      answer("so far"),
      step(3, 10),
      step(4, 10),
      overflow,
      answer("again"),
      answer("Done"),
    );
    const { run } = await agentBench({ model, tools: [read()], config: { context: { compaction: { keepTurns: 1 } } } });
    const { record } = await run({ prompt: "go" });
    expect([record.status, record.error_code]).toEqual(["failed", "context_overflow"]);
  });

  it("fails the run with context_overflow when there is nothing to leave out", async () => {
    const overflow = () => Promise.reject(refusal(413, "request too large"));
    const { run } = await agentBench({ model: scriptedModel(overflow) });
    expect((await run({ prompt: "go" })).record.error_code).toBe("context_overflow");
  });
});
