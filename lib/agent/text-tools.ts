import type { CallParams, Middleware, ModelPart } from "./ai-sdk.js";
import { type Piece, TextCallParser } from "./text-calls.js";

type Prompt = CallParams["prompt"];

/** Lets a model that knows no tool calls make them in its text: the prompt explains how, and its answers are read for them. */
export function createTextTools(): Middleware {
  return {
    specificationVersion: "v4",
    transformParams: async ({ params }) => {
      const { tools = [], toolChoice: _, prompt, ...rest } = params;
      if (tools.length === 0) return params;
      return { ...rest, prompt: [{ role: "system", content: explained(tools) }, ...prompt.flatMap(asText)] };
    },
    async wrapStream({ doStream }) {
      const { stream, ...rest } = await doStream();
      return { ...rest, stream: stream.pipeThrough(withCalls()) };
    },
  };
}

function explained(tools: NonNullable<CallParams["tools"]>): string {
  const list = tools.flatMap((tool) =>
    tool.type === "function" ? [`- ${tool.name}: ${tool.description ?? ""} Arguments: ${JSON.stringify(tool.inputSchema)}`] : [],
  );
  return `You can use tools. To use one, write a line that starts with TOOL: and goes on with one JSON object:
TOOL: {"name":"<tool>","args":{<arguments>}}
Such a line outside a code block is run; write several lines for several tools. Then end your answer: the results come as the next message.

Tools:
${list.join("\n")}`;
}

/** Calls and results as the text that they were and are. */
function asText(message: Prompt[number]): Prompt {
  if (message.role === "tool") {
    const results = message.content.flatMap((part) =>
      part.type === "tool-result" ? [`RESULT of ${part.toolName}: ${"value" in part.output ? textOf(part.output.value) : ""}`] : [],
    );
    return [{ role: "user", content: [{ type: "text", text: results.join("\n\n") }] }];
  }
  if (message.role !== "assistant") return [message];
  const content = message.content.map((part) =>
    part.type === "tool-call"
      ? { type: "text" as const, text: `TOOL: ${JSON.stringify({ name: part.toolName, args: part.input })}` }
      : part,
  );
  return [{ ...message, content }];
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

function withCalls(): TransformStream<ModelPart, ModelPart> {
  const parsers = new Map<string, TextCallParser>();
  let calls = 0;
  let texts = 0;
  /** The text part that is open under its own id. */
  let open: string | undefined;
  const tell = (pieces: readonly Piece[], id: string, controller: TransformStreamDefaultController<ModelPart>): void => {
    for (const piece of pieces) {
      if (piece.type === "text") {
        if (open === undefined) {
          open = `${id}#${(texts += 1)}`;
          controller.enqueue({ type: "text-start", id: open });
        }
        controller.enqueue({ type: "text-delta", id: open, delta: piece.text });
        continue;
      }
      close(controller);
      const { toolName, input } =
        piece.type === "call"
          ? { toolName: piece.name, input: JSON.stringify(piece.args) }
          : { toolName: "malformed_call", input: piece.text };
      controller.enqueue({ type: "tool-call", toolCallId: `text_${id}_${(calls += 1)}`, toolName, input });
    }
  };
  const close = (controller: TransformStreamDefaultController<ModelPart>): void => {
    if (open !== undefined) controller.enqueue({ type: "text-end", id: open });
    open = undefined;
  };
  return new TransformStream({
    transform(part, controller) {
      switch (part.type) {
        case "text-start":
          parsers.set(part.id, new TextCallParser());
          return;
        case "text-delta":
          tell(parsers.get(part.id)?.push(part.delta) ?? [], part.id, controller);
          return;
        case "text-end":
          tell(parsers.get(part.id)?.end() ?? [], part.id, controller);
          close(controller);
          return;
        case "finish":
          controller.enqueue(calls > 0 ? { ...part, finishReason: { ...part.finishReason, unified: "tool-calls" } } : part);
          return;
        default:
          controller.enqueue(part);
      }
    },
  });
}
