import type { CallParams, ModelPart, ModelStream } from "../../lib/agent/ai-sdk.js";
import type { AgentModel } from "../../lib/agent/index.js";

/** What a model sends for one call: parts, a stream, or an error thrown. */
export type Turn = readonly ModelPart[] | ((params: CallParams) => readonly ModelPart[] | ReadableStream<ModelPart> | Promise<never>);

/** A model that plays its turns and notes what it was asked. */
export interface ScriptedModel extends AgentModel {
  readonly calls: CallParams[];
}

/** A model of the SDK that plays the turns in order; a call beyond them fails. */
export function scriptedModel(...turns: readonly Turn[]): ScriptedModel {
  const calls: CallParams[] = [];
  const model = {
    specificationVersion: "v4",
    provider: "scripted",
    modelId: "scripted",
    supportedUrls: {},
    calls,
    doGenerate: () => Promise.reject(new Error("Only streams are asked for.")),
    async doStream(params: CallParams): Promise<ModelStream> {
      const turn = turns[calls.length];
      calls.push(params);
      if (!turn) throw new Error(`No turn ${calls.length} is scripted.`);
      const played = typeof turn === "function" ? await turn(params) : turn;
      return { stream: played instanceof ReadableStream ? played : streamOf(played) };
    },
  };
  return model;
}

/** The parts as a stream that then ends, breaks with an error, or stays open. */
export function streamOf(parts: readonly ModelPart[], then: "end" | "hang" | Error = "end"): ReadableStream<ModelPart> {
  const left = [...parts];
  return new ReadableStream<ModelPart>({
    async pull(controller) {
      const part = left.shift();
      if (part) controller.enqueue(part);
      else if (then === "end") controller.close();
      else if (then instanceof Error) controller.error(then);
      else await new Promise(() => {});
    },
  });
}

/** A text part of these chunks. */
export function say(...chunks: readonly string[]): ModelPart[] {
  return textLike("text", chunks);
}

/** A reasoning part of these chunks. */
export function think(...chunks: readonly string[]): ModelPart[] {
  return textLike("reasoning", chunks);
}

function textLike(kind: "text" | "reasoning", chunks: readonly string[]): ModelPart[] {
  return [
    { type: `${kind}-start`, id: `${kind}-0` },
    ...chunks.map((delta): ModelPart => ({ type: `${kind}-delta`, id: `${kind}-0`, delta })),
    { type: `${kind}-end`, id: `${kind}-0` },
  ];
}

/** A tool call; text instead of arguments is sent as it is. */
export function call(toolName: string, args: object | string, toolCallId = `c_${toolName}`): ModelPart {
  return { type: "tool-call", toolCallId, toolName, input: typeof args === "string" ? args : JSON.stringify(args) };
}

/** The end of a call that used 10 tokens of input and 2 of output, unless told otherwise. */
export function finish(
  unified: Extract<ModelPart, { type: "finish" }>["finishReason"]["unified"] = "stop",
  tokens: { readonly input?: number; readonly output?: number; readonly cacheRead?: number } = {},
): ModelPart {
  const { input = 10, output = 2, cacheRead } = tokens;
  return {
    type: "finish",
    finishReason: { unified, raw: undefined },
    usage: {
      inputTokens: { total: input, noCache: cacheRead === undefined ? input : input - cacheRead, cacheRead, cacheWrite: undefined },
      outputTokens: { total: output, text: output, reasoning: undefined },
    },
  };
}

/** An answer of text alone. */
export const answer = (text: string): ModelPart[] => [...say(text), finish()];

/** An error as a provider's HTTP answer becomes one. */
export function refusal(
  statusCode: number | undefined,
  message = `status ${statusCode}`,
  responseHeaders: Record<string, string> = {},
): Error {
  return Object.assign(new Error(message), { statusCode, responseHeaders, isRetryable: statusCode === undefined });
}
