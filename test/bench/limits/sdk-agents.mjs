// The AI SDK's own loop and nothing else: as many streams at once as it is told, each read to its end.
import { createOpenAI } from "@ai-sdk/openai";
import { isStepCount, jsonSchema, tool, ToolLoopAgent } from "ai";
import { serve, startOptions } from "../lib/program.mjs";

globalThis.AI_SDK_LOG_WARNINGS = false;
const { url } = startOptions();
const inputSchema = jsonSchema({ type: "object", properties: { pattern: { type: "string" } }, additionalProperties: false });
const agent = new ToolLoopAgent({
  model: createOpenAI({ apiKey: "key", baseURL: `${url}/v1` })("gpt-5.5"),
  tools: { glob: tool({ description: "Finds files.", inputSchema, execute: async () => "none" }) },
  stopWhen: isStepCount(10),
  providerOptions: { openai: { store: false } },
});

serve({
  /** The texts of so many streams. */
  stream: ({ prompt, count }) => Promise.all(Array.from({ length: count }, () => text(prompt))),
  /** Milliseconds to the first piece of text; the rest is read too, so that nothing of it is in the way of the next. */
  async firstDelta({ prompt }) {
    const startedAt = performance.now();
    let delay;
    for await (const { type } of (await agent.stream({ prompt })).stream) {
      if (type === "text-delta") delay ??= performance.now() - startedAt;
    }
    return delay;
  },
});

async function text(prompt) {
  let whole = "";
  for await (const part of (await agent.stream({ prompt })).stream) if (part.type === "text-delta") whole += part.text;
  return whole;
}
