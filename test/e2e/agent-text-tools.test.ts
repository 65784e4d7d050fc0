import { describe, expect, it } from "vitest";
import { agentBench, tool } from "../support/agent.js";
import { answering, configAt } from "../support/agent-apis.js";

describe("A run with text tool calling", () => {
  const bench = async (...answers: readonly string[]) => {
    const bodies: string[] = [];
    const left = [...answers];
    const read = tool("read", "auto_read", async ({ path }) => ({ ok: true, text: `content of ${String(path)}` }));
    const { url } = await answering((outgoing) => {
      const content = left.shift() ?? "Done";
      const chunks = [
        { choices: [{ index: 0, delta: { content }, finish_reason: null }] },
        { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
      ];
      outgoing.writeHead(200, { "content-type": "text/event-stream" });
      outgoing.end([...chunks.map((chunk) => JSON.stringify(chunk)), "[DONE]"].map((chunk) => `data: ${chunk}\n\n`).join(""));
    }, bodies);
    const bench = await agentBench({ config: configAt(url, { toolCalling: "text" }), tools: [read] });
    return { ...(await bench.run({ prompt: "x", model: "zai/glm-5.1" })), read, bodies };
  };

  it("explains the calls, runs them in order and gives the results back as text", async () => {
    const { record, of, read, bodies } = await bench(
      'I look.\nTOOL: {"name":"read","args":{"path":"a"}}\nTOOL: {"name":"read","args":{"path":"b"}}\n',
      "Both seen",
    );
    expect([record.status, record.result, record.num_turns]).toEqual(["completed", "Both seen", 2]);
    expect(read.calls).toEqual([{ path: "a" }, { path: "b" }]);
    expect(of("assistant.message").map(({ text: said }) => said)).toEqual(["I look.\n", "Both seen"]);
    const [first, second] = bodies.map((body) => JSON.parse(body) as { tools?: unknown; messages: { role: string; content: string }[] });
    expect([first?.tools, second?.tools]).toEqual([undefined, undefined]);
    expect(first?.messages[0]?.content).toContain("- read: The tool read.");
    expect(second?.messages.at(-2)?.content).toContain('TOOL: {"name":"read","args":{"path":"a"}}');
    expect(second?.messages.at(-1)).toEqual({ role: "user", content: "RESULT of read: content of a\n\nRESULT of read: content of b" });
  });

  it("answers malformed calls with errors and gives up after three in a row", async () => {
    const { record, of } = await bench("TOOL: {oops\n", "TOOL: again\n", 'TOOL: {"name":\n');
    expect([record.status, record.error_code]).toEqual(["failed", "invalid_tool_calls"]);
    expect(of("tool.call").map(({ name, invalid }) => [name, invalid])).toEqual([1, 2, 3].map(() => ["malformed_call", true]));
  });
});
