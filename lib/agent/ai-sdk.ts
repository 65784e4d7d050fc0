import type {
  experimental_streamTextLowMemory,
  FinishReason,
  LanguageModelMiddleware,
  ModelMessage,
  PrepareStepFunction,
  StepResult,
  TextStreamPart,
  ToolSet,
  wrapLanguageModel,
} from "ai";
import { AnodeError } from "../errors.js";
import { isMissingPackage } from "../thrown.js";
import type { Api } from "./providers/api.js";

// The one file that imports the AI SDK. Everything is loaded on first use; its types are handed on from here.

export type { FinishReason, ModelMessage, ToolSet };
export type Ai = typeof import("ai");
/** A model of any specification version. */
export type SdkModel = Parameters<typeof wrapLanguageModel>[0]["model"];
/** A model with our middleware around it. */
export type WrappedModel = ReturnType<typeof wrapLanguageModel>;
export type StreamPart = TextStreamPart<ToolSet>;
export type Step = StepResult<ToolSet>;
export type PrepareStep = PrepareStepFunction<ToolSet>;
export type StreamOptions = Parameters<typeof experimental_streamTextLowMemory<ToolSet>>[0];
export type Middleware = LanguageModelMiddleware;
type WrapStream = NonNullable<LanguageModelMiddleware["wrapStream"]>;
export type CallParams = Parameters<WrapStream>[0]["params"];
export type ModelStream = Awaited<ReturnType<WrapStream>>;
/** One part as a provider sends it, before the SDK has looked at it. */
export type ModelPart = ModelStream["stream"] extends ReadableStream<infer Part> ? Part : never;
export type ModelUsage = Extract<ModelPart, { type: "finish" }>["usage"];

/** What a model is opened with. */
export interface ModelSettings {
  readonly api: Api;
  /** Name under which a provider of the chat API puts its own data. */
  readonly provider: string;
  readonly model: string;
  readonly baseURL: string;
  readonly apiKey?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const importers = {
  ai: () => import("ai"),
  "@ai-sdk/anthropic": () => import("@ai-sdk/anthropic"),
  "@ai-sdk/openai": () => import("@ai-sdk/openai"),
  "@ai-sdk/google": () => import("@ai-sdk/google"),
  "@ai-sdk/openai-compatible": () => import("@ai-sdk/openai-compatible"),
};
const ranges = { ai: "^7", "@ai-sdk/anthropic": "^4", "@ai-sdk/openai": "^4", "@ai-sdk/google": "^4", "@ai-sdk/openai-compatible": "^3" };

/** How each package is imported; tests leave some out. */
export type Importers = typeof importers;

/** The AI SDK as the agent uses it. */
export interface AiSdk {
  /** @throws `executor_unavailable` naming the package and the command that installs it */
  load(): Promise<Ai>;
  /** @throws `executor_unavailable` naming the package and the command that installs it */
  open(settings: ModelSettings): Promise<SdkModel>;
}

/** @param override - replaces the import of single packages */
export function createAiSdk(override: Partial<Importers> = {}): AiSdk {
  const from = { ...importers, ...override };
  const get = async <Name extends keyof Importers>(name: Name): Promise<Awaited<ReturnType<Importers[Name]>>> => {
    try {
      return (await from[name]()) as Awaited<ReturnType<Importers[Name]>>;
    } catch (error) {
      if (isMissingPackage(error)) throw missing(name, error);
      throw error;
    }
  };
  return {
    async load() {
      // Its warnings become events of the run; on stderr nobody would look for them.
      (globalThis as { AI_SDK_LOG_WARNINGS?: boolean }).AI_SDK_LOG_WARNINGS = false;
      return get("ai");
    },
    async open({ api, provider, model, baseURL, apiKey = "", headers }) {
      const settings = { apiKey, baseURL, ...(headers && { headers: { ...headers } }) };
      switch (api) {
        case "anthropic":
          return (await get("@ai-sdk/anthropic")).createAnthropic(settings)(model);
        case "responses":
          return (await get("@ai-sdk/openai")).createOpenAI(settings)(model);
        case "google":
          return (await get("@ai-sdk/google")).createGoogleGenerativeAI(settings)(model);
        case "chat":
          return (await get("@ai-sdk/openai-compatible")).createOpenAICompatible({ ...settings, name: provider, includeUsage: true })(
            model,
          );
      }
    },
  };
}

/** Starts a stream that is read once: where the SDK offers it, without the copy it keeps for further readers. */
export function startStream(ai: Ai, options: StreamOptions): AsyncIterable<StreamPart> {
  const start = (ai as Partial<Ai>).experimental_streamTextLowMemory ?? ai.streamText;
  return start<ToolSet>(options).stream;
}

function missing(name: keyof Importers, cause: unknown): AnodeError {
  return new AnodeError("executor_unavailable", `The built-in agent needs the package ${name}, which is not installed.`, {
    cause,
    details: { package: name, hint: `npm install ${name}@${ranges[name]}` },
  });
}
