import type { ModelMessage } from "./ai-sdk.js";
import type { Content, Message, ProviderData } from "./threads/lines.js";

type AssistantPart = Exclude<Extract<ModelMessage, { role: "assistant" }>["content"], string>[number];
type ToolPart = Extract<ModelMessage, { role: "tool" }>["content"][number];
type ProviderOptions = NonNullable<ModelMessage["providerOptions"]>;

/** A message of the user. */
export function userMessage(text: string): Message {
  return { role: "user", content: [{ type: "text", text }] };
}

/** The messages as the SDK takes them, for a model of this provider. */
export function toModelMessages(messages: readonly Message[], provider: string): ModelMessage[] {
  return messages.flatMap(({ role, content }): ModelMessage[] => {
    if (role === "user")
      return [{ role, content: content.flatMap((part) => (part.type === "text" ? [{ type: "text", text: part.text }] : [])) }];
    if (role === "tool") return [{ role, content: content.flatMap(toToolPart) }];
    const parts = content.flatMap((part) => toAssistantPart(part, provider));
    return parts.length > 0 ? [{ role, content: parts }] : [];
  });
}

/**
 * What a step of the SDK added to the conversation; its approvals are ours alone and left out.
 * @param problems - by call, the results of calls that no tool could take
 */
export function fromModelMessages(
  messages: readonly ModelMessage[],
  provider: string,
  problems: ReadonlyMap<string, string> = new Map(),
): Message[] {
  return messages.flatMap((message): Message[] => {
    if (message.role === "assistant") {
      const parts = typeof message.content === "string" ? [{ type: "text" as const, text: message.content }] : message.content;
      const content = parts.flatMap((part) => fromAssistantPart(part, provider));
      return content.length > 0 ? [{ role: "assistant", content }] : [];
    }
    if (message.role !== "tool") return [];
    const content = message.content.flatMap((part) => fromToolPart(part, problems));
    return content.length > 0 ? [{ role: "tool", content }] : [];
  });
}

/** A message as text, for a reader that is not its model. */
export function transcriptOf({ role, content }: Message): string {
  const parts = content.map((part) => {
    if (part.type === "tool_call") return `[calls ${part.name} ${JSON.stringify(part.args)}]`;
    return part.type === "tool_result" ? `[${part.name} ${part.ok ? "answers" : "fails"}] ${part.output}` : part.text;
  });
  return `${role}: ${parts.join("\n")}`;
}

/** How long a message is for the model, in characters. */
export function charactersOf({ content }: Message): number {
  return content.reduce((sum, part) => {
    if (part.type === "tool_call") return sum + part.name.length + JSON.stringify(part.args ?? {}).length;
    return sum + (part.type === "tool_result" ? part.output.length : part.text.length);
  }, 0);
}

function toAssistantPart(part: Content, provider: string): AssistantPart[] {
  if (part.type === "tool_result") return [];
  const own = part.provider?.id === provider ? { providerOptions: part.provider.data as ProviderOptions } : {};
  if (part.type === "text") return [{ type: "text", text: part.text, ...own }];
  // Reasoning that another provider has signed means nothing here.
  if (part.type === "reasoning")
    return part.provider && part.provider.id !== provider ? [] : [{ type: "reasoning", text: part.text, ...own }];
  return [{ type: "tool-call", toolCallId: part.call_id, toolName: part.name, input: part.args ?? {}, ...own }];
}

function toToolPart(part: Content): ToolPart[] {
  if (part.type !== "tool_result") return [];
  const output = { type: part.ok ? ("text" as const) : ("error-text" as const), value: part.output };
  return [{ type: "tool-result", toolCallId: part.call_id, toolName: part.name, output }];
}

function fromAssistantPart(part: AssistantPart, provider: string): Content[] {
  if (part.type === "tool-approval-request") return [];
  const own = providerData(part.providerOptions, provider);
  switch (part.type) {
    case "text":
    case "reasoning":
      return part.text === "" && !own.provider ? [] : [{ type: part.type, text: part.text, ...own }];
    case "tool-call":
      return [{ type: "tool_call", call_id: part.toolCallId, name: part.toolName, args: part.input, ...own }];
    default:
      return [];
  }
}

function fromToolPart(part: ToolPart, problems: ReadonlyMap<string, string>): Content[] {
  if (part.type !== "tool-result") return [];
  const { toolCallId: call_id, toolName: name, output } = part;
  const problem = problems.get(call_id);
  if (problem !== undefined) return [{ type: "tool_result", call_id, name, ok: false, output: problem }];
  switch (output.type) {
    case "text":
    case "error-text":
      return [{ type: "tool_result", call_id, name, ok: output.type === "text", output: output.value }];
    case "execution-denied":
      return [{ type: "tool_result", call_id, name, ok: false, output: `error: denied: ${output.reason ?? "the call was not allowed"}` }];
    default:
      return [{ type: "tool_result", call_id, name, ok: output.type === "json", output: JSON.stringify(output.value) }];
  }
}

function providerData(options: ProviderOptions | undefined, id: string): { readonly provider?: ProviderData } {
  return options && Object.keys(options).length > 0 ? { provider: { id, data: options } } : {};
}
