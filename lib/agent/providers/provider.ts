import { AnodeError } from "../../errors.js";
import type { Environment } from "../../node/home-folder.js";
import type { Api } from "./api.js";
import type { AgentConfig, ProviderConfig } from "../config-schema.js";
import { type BuiltInProvider, builtInProviders, preferredModels } from "./table.js";

/** USD per million tokens. */
export interface Price {
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
}

/** A model with everything that is needed to call it. */
export interface ResolvedModel {
  /** `provider/model`. */
  readonly reference: string;
  readonly provider: string;
  readonly model: string;
  readonly api: Api;
  readonly baseURL: string;
  readonly apiKey?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly firstByteMs: number;
  readonly idleMs: number;
  readonly maxRetries: number;
  readonly toolCalling: "native" | "text";
  readonly contextWindow?: number;
  readonly maxOutput?: number;
  readonly price?: Price;
}

/** Where models are looked for. */
export interface ProviderSources {
  readonly config: Pick<AgentConfig, "model" | "providers">;
  readonly env: Environment;
}

const formats: Readonly<Record<string, Api>> = { openai: "chat", anthropic: "anthropic", gemini: "google", generic: "chat" };

/**
 * The reference that takes effect: the one asked for, else the configuration's, else the first preferred one whose provider is registered.
 * @throws `model_unavailable` naming the variables
 */
export function effectiveReference(asked: string | undefined, { config, env }: ProviderSources): string {
  const named = asked ?? config.model;
  if (named !== undefined) return named;
  const preferred = preferredModels.find((reference) => isRegistered(splitReference(reference).provider, { config, env }));
  if (preferred !== undefined) return preferred;
  const variables = preferredModels.map((reference) => builtInProviders[splitReference(reference).provider]?.variable).join(", ");
  throw new AnodeError("model_unavailable", "No model is named and no provider is configured.", {
    details: { hint: `Set one of ${variables}, or name a model and its provider in the configuration.` },
  });
}

/**
 * Everything that is needed to call the model.
 * @throws `unknown_provider`, `model_unavailable` naming what is missing
 */
export function resolveModel(reference: string, sources: ProviderSources): ResolvedModel {
  const { provider, model } = splitReference(reference);
  const configured = ownOf(sources.config.providers, provider);
  const builtIn = ownOf(builtInProviders, configured?.type ?? provider);
  if (!configured && !builtIn) throw unknownProvider(reference, provider, sources);
  if (model === "") throw unavailable(`${reference} names no model of ${provider}.`, "A model is named as provider/model.");
  const details = configured?.models?.find((item) => typeof item === "object" && item.id === model);
  const { contextWindow, maxOutput, price } = typeof details === "object" ? details : {};
  return {
    reference,
    provider,
    model,
    ...address(provider, configured, builtIn, sources.env),
    firstByteMs: configured?.firstByteTimeout ?? 60_000,
    idleMs: configured?.idleTimeout ?? 120_000,
    maxRetries: configured?.maxRetries ?? 2,
    toolCalling: configured?.toolCalling ?? (configured?.apiFormat === "generic" ? "text" : "native"),
    ...(configured?.headers && { headers: configured.headers }),
    ...(contextWindow !== undefined && { contextWindow }),
    ...(maxOutput !== undefined && { maxOutput }),
    ...(price && { price: price as Price }),
  };
}

/** A reference is split at its first `/` only: `openrouter/vendor/name`. */
export function splitReference(reference: string): { readonly provider: string; readonly model: string } {
  const slash = reference.indexOf("/");
  return slash < 0 ? { provider: reference, model: "" } : { provider: reference.slice(0, slash), model: reference.slice(slash + 1) };
}

type Address = Pick<ResolvedModel, "api" | "baseURL" | "apiKey">;

function address(id: string, configured: ProviderConfig | undefined, builtIn: BuiltInProvider | undefined, env: Environment): Address {
  const api = builtIn?.api ?? formats[configured?.apiFormat ?? "openai"] ?? "chat";
  if (builtIn === builtInProviders["ollama"]) return { api, baseURL: configured?.baseURL ?? ollamaURL(env) };
  const baseURL = configured?.baseURL ?? builtIn?.baseURL;
  if (baseURL === undefined) throw unavailable(`The provider ${id} has no baseURL.`, `Set providers.${id}.baseURL in the configuration.`);
  const apiKey = configured?.apiKey ?? (builtIn && env[builtIn.variable]);
  if (builtIn && !apiKey) {
    throw unavailable(`The provider ${id} has no key.`, `Set ${builtIn.variable}, or providers.${id}.apiKey in the configuration.`);
  }
  return { api, baseURL, ...(apiKey && { apiKey }) };
}

function ollamaURL(env: Environment): string {
  const host = env["OLLAMA_HOST"];
  if (!host) throw unavailable("The provider ollama is not registered.", "Set OLLAMA_HOST.");
  return `${/^https?:\/\//.test(host) ? "" : "http://"}${host.replace(/\/+$/, "")}/v1`;
}

function isRegistered(id: string, { config, env }: ProviderSources): boolean {
  const variable = ownOf(builtInProviders, id)?.variable;
  return ownOf(config.providers, id) !== undefined || (variable !== undefined && Boolean(env[variable]));
}

function unknownProvider(reference: string, provider: string, sources: ProviderSources): AnodeError {
  const known = [...new Set([...Object.keys(sources.config.providers ?? {}), ...Object.keys(builtInProviders)])];
  return new AnodeError(
    "unknown_provider",
    `There is no provider ${JSON.stringify(provider.slice(0, 64))}, as model ${JSON.stringify(reference.slice(0, 128))} asks for.`,
    {
      details: { hint: `A model is named as provider/model. Known providers: ${known.join(", ")}.` },
    },
  );
}

function unavailable(detail: string, hint: string): AnodeError {
  return new AnodeError("model_unavailable", detail, { details: { hint } });
}

function ownOf<Value>(record: Readonly<Record<string, Value>> | undefined, name: string): Value | undefined {
  return record && Object.hasOwn(record, name) ? record[name] : undefined;
}
