import { describe, expect, it } from "vitest";
import { effectiveReference, resolveModel, splitReference } from "../../../lib/agent/providers/provider.js";
import { builtInProviders } from "../../../lib/agent/providers/table.js";

const nothing = { config: {}, env: {} };

describe("The effective model", () => {
  it("is the one asked for, else the configuration's", () => {
    expect(effectiveReference("zai/glm-5.1", { config: { model: "openai/x" }, env: {} })).toBe("zai/glm-5.1");
    expect(effectiveReference(undefined, { config: { model: "openai/x" }, env: {} })).toBe("openai/x");
  });

  it.each([
    [{ ZAI_API_KEY: "k" }, "zai/glm-5.1"],
    [{ ZAI_API_KEY: "k", ZAI_CODING_API_KEY: "k" }, "zai-coding/GLM-5.1"],
    [{ ZAI_CODING_API_KEY: "k", OPENAI_API_KEY: "k" }, "openai/gpt-5.5"],
    [{ OPENAI_API_KEY: "k", ANTHROPIC_API_KEY: "k" }, "anthropic/claude-sonnet-4-6"],
    [{ ANTHROPIC_API_KEY: "", OPENAI_API_KEY: "k" }, "openai/gpt-5.5"],
  ])("with nothing named and %o is %s", (env, reference) => {
    expect(effectiveReference(undefined, { config: {}, env: env as Record<string, string> })).toBe(reference);
  });

  it("counts a provider that the configuration names as registered", () => {
    expect(effectiveReference(undefined, { config: { providers: { zai: {} } }, env: {} })).toBe("zai/glm-5.1");
  });

  it("is refused with the variables named when there is none", () => {
    expect(() => effectiveReference(undefined, nothing)).toThrow(
      expect.objectContaining({
        code: "model_unavailable",
        details: { hint: expect.stringMatching(/ANTHROPIC_API_KEY, OPENAI_API_KEY, ZAI_CODING_API_KEY, ZAI_API_KEY/) },
      }),
    );
  });
});

describe("A model's reference", () => {
  it("is split at its first slash only", () => {
    expect(splitReference("openrouter/vendor/name")).toEqual({ provider: "openrouter", model: "vendor/name" });
  });

  it.each(Object.entries(builtInProviders).filter(([id]) => id !== "ollama"))(
    "finds the built-in provider %s by its variable",
    (id, { api, baseURL, variable }) => {
      const resolved = resolveModel(`${id}/some-model`, { config: {}, env: { [variable]: "key" } });
      expect(resolved).toMatchObject({ provider: id, model: "some-model", api, baseURL, apiKey: "key" });
      expect(resolved).toMatchObject({ firstByteMs: 60_000, idleMs: 120_000, maxRetries: 2, toolCalling: "native" });
      expect(() => resolveModel(`${id}/some-model`, nothing)).toThrow(
        expect.objectContaining({ code: "model_unavailable", details: { hint: expect.stringContaining(variable) } }),
      );
    },
  );

  it.each([
    ["http://10.0.0.5:11434/", "http://10.0.0.5:11434/v1"],
    ["localhost:11434", "http://localhost:11434/v1"],
  ])("finds ollama at OLLAMA_HOST %s", (host, baseURL) => {
    expect(resolveModel("ollama/llama", { config: {}, env: { OLLAMA_HOST: host } })).toMatchObject({ api: "chat", baseURL });
    expect(() => resolveModel("ollama/llama", nothing)).toThrow(expect.objectContaining({ code: "model_unavailable" }));
  });

  it.each(["nobody/x", "gpt-5.5", "constructor/x", "/x", ""])("is refused as %j with unknown_provider", (reference) => {
    expect(() => resolveModel(reference, nothing)).toThrow(expect.objectContaining({ code: "unknown_provider" }));
  });

  it("is refused when it names no model of a known provider", () => {
    expect(() => resolveModel("openai/", { config: {}, env: { OPENAI_API_KEY: "k" } })).toThrow(
      expect.objectContaining({ code: "model_unavailable" }),
    );
  });

  it("takes over what the configuration says of provider and model", () => {
    const openai = {
      apiKey: "own",
      baseURL: "http://x/v1",
      headers: { "X-Team": "a" },
      firstByteTimeout: 1,
      idleTimeout: 2,
      maxRetries: 0,
      models: ["a", { id: "b", contextWindow: 9, maxOutput: 8, price: { input: 1, output: 2 } }],
    };
    const sources = { config: { providers: { openai } }, env: { OPENAI_API_KEY: "environment" } };
    expect(resolveModel("openai/b", sources)).toEqual({
      reference: "openai/b",
      provider: "openai",
      model: "b",
      api: "responses",
      baseURL: "http://x/v1",
      apiKey: "own",
      headers: { "X-Team": "a" },
      firstByteMs: 1,
      idleMs: 2,
      maxRetries: 0,
      toolCalling: "native",
      contextWindow: 9,
      maxOutput: 8,
      price: { input: 1, output: 2 },
    });
    expect(resolveModel("openai/a", sources).price).toBeUndefined();
  });

  it.each([
    [{ type: "anthropic", apiKey: "k", baseURL: "http://x" }, "anthropic", "native"],
    [{ type: "openai-compatible", baseURL: "http://x" }, "chat", "native"],
    [{ type: "custom", apiFormat: "openai", baseURL: "http://x" }, "chat", "native"],
    [{ type: "custom", apiFormat: "anthropic", baseURL: "http://x" }, "anthropic", "native"],
    [{ type: "custom", apiFormat: "gemini", baseURL: "http://x" }, "google", "native"],
    [{ type: "custom", apiFormat: "generic", baseURL: "http://x" }, "chat", "text"],
  ] as const)("finds a configured provider %o", (mine, api, toolCalling) => {
    expect(resolveModel("mine/m", { config: { providers: { mine } }, env: {} })).toMatchObject({ provider: "mine", api, toolCalling });
  });

  it("is refused when a configured provider has no address", () => {
    expect(() => resolveModel("mine/m", { config: { providers: { mine: { type: "custom" } } }, env: {} })).toThrow(
      expect.objectContaining({ code: "model_unavailable", details: { hint: "Set providers.mine.baseURL in the configuration." } }),
    );
  });
});
