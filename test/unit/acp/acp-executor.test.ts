import { describe, expect, it } from "vitest";
import { openAcpBench } from "../../support/acp.js";
import { scriptedAgent } from "../../support/acp-agent.js";

describe("a run with an agent", () => {
  it("tells the agent's start, the prompt, what it says and its end", async () => {
    const bench = await openAcpBench({ connect: () => scriptedAgent() });
    const { record, events } = await bench.run({ prompt: "#script think it over | say Hello there" });
    expect(events.map(({ type }) => type)).toEqual([
      "run.queued",
      "run.started",
      "system.init",
      "user.message",
      "reasoning.message",
      "assistant.message",
      "usage.updated",
      "run.completed",
    ]); // prettier-ignore
    expect(record).toMatchObject({ status: "completed", stop_reason: "end_turn", result: "Hello there", executor: "acp" });
  });
});
