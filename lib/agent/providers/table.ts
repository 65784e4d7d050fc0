import type { Api } from "./api.js";

/** A provider that needs no configuration but its key. */
export interface BuiltInProvider {
  readonly api: Api;
  readonly baseURL: string;
  /** The variable that holds its key and, by being set, registers it. */
  readonly variable: string;
}

const chat = (variable: string, baseURL: string): BuiltInProvider => ({ api: "chat", baseURL, variable });

/** The providers by id. */
export const builtInProviders: Readonly<Record<string, BuiltInProvider>> = {
  anthropic: { api: "anthropic", baseURL: "https://api.anthropic.com/v1", variable: "ANTHROPIC_API_KEY" },
  openai: { api: "responses", baseURL: "https://api.openai.com/v1", variable: "OPENAI_API_KEY" },
  gemini: { api: "google", baseURL: "https://generativelanguage.googleapis.com/v1beta", variable: "GEMINI_API_KEY" },
  zai: chat("ZAI_API_KEY", "https://api.z.ai/api/paas/v4"),
  "zai-coding": chat("ZAI_CODING_API_KEY", "https://api.z.ai/api/coding/paas/v4"),
  groq: chat("GROQ_API_KEY", "https://api.groq.com/openai/v1"),
  deepseek: chat("DEEPSEEK_API_KEY", "https://api.deepseek.com/v1"),
  mistral: chat("MISTRAL_API_KEY", "https://api.mistral.ai/v1"),
  fireworks: chat("FIREWORKS_API_KEY", "https://api.fireworks.ai/inference/v1"),
  xai: chat("XAI_API_KEY", "https://api.x.ai/v1"),
  openrouter: chat("OPENROUTER_API_KEY", "https://openrouter.ai/api/v1"),
  together: chat("TOGETHER_API_KEY", "https://api.together.xyz/v1"),
  cerebras: chat("CEREBRAS_API_KEY", "https://api.cerebras.ai/v1"),
  deepinfra: chat("DEEPINFRA_API_KEY", "https://api.deepinfra.com/v1/openai"),
  huggingface: chat("HUGGINGFACE_API_KEY", "https://router.huggingface.co/v1"),
  // It has no key: the variable says where it runs.
  ollama: chat("OLLAMA_HOST", ""),
};

/** What is taken when neither request, profile nor configuration names a model: the first whose provider is registered. */
export const preferredModels = ["anthropic/claude-sonnet-4-6", "openai/gpt-5.5", "zai-coding/GLM-5.1", "zai/glm-5.1"] as const;
