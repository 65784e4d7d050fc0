import type { Prepared } from "../runs/executor.js";
import type { NormalRequest, Supports } from "../runs/normal-request.js";
import type { AiSdk } from "./ai-sdk.js";
import { type AgentProfile, craftTools } from "./profiles.js";
import { effectiveReference, type ProviderSources, type ResolvedModel, resolveModel } from "./providers/provider.js";
import { sessionNotFound, type ThreadStore } from "./threads/thread-store.js";
import { intersectTools } from "../tool-names.js";

/** The most that the built-in agent can do. */
export const agentSupports: Supports = {
  questions: true,
  steer: true,
  queue: true,
  model: true,
  maxTurns: true,
  session: true,
  tools: true,
  pty: false,
  tokens: true,
  cost: true,
};

/** What a request is judged with. */
export interface PrepareParts {
  readonly sources: ProviderSources;
  readonly sdk: AiSdk;
  readonly threads: ThreadStore;
  readonly cwd: string;
  /** The embedder hands in the models: no provider is looked for. */
  readonly hasOwnModels: boolean;
}

/** Finds everything that a request names, and what of it takes effect. Starts nothing. */
export function createPrepare({ sources, sdk, threads, cwd, hasOwnModels }: PrepareParts) {
  return async (request: NormalRequest, profile: AgentProfile): Promise<Prepared> => {
    const asked = request.model ?? profile.model;
    const reference = hasOwnModels ? (asked ?? sources.config.model ?? "own/model") : effectiveReference(asked, sources);
    const resolved = hasOwnModels ? undefined : resolveModel(reference, sources);
    const { session_id } = request;
    if (session_id !== undefined && !threads.has(request.cwd ?? cwd, session_id)) throw sessionNotFound(session_id);
    const bounds = boundsOf(profile);
    const prepared: NormalRequest = {
      ...request,
      model: reference,
      max_turns: request.max_turns ?? profile.maxTurns,
      ...(bounds && { tools: request.tools ? intersectTools(request.tools, bounds) : [...bounds] }),
    };
    // Last, as everything that the caller can mend comes before what only the operator can.
    await sdk.load();
    if (resolved) await sdk.open(settingsOf(resolved));
    return { supports: { ...agentSupports, cost: resolved?.price !== undefined }, request: prepared };
  };
}

/** The tools that a run of the profile and its children are held to; absent for one that has them all. */
function boundsOf({ tools }: AgentProfile): readonly string[] | undefined {
  return tools === "craft" || craftTools.every((name) => tools.includes(name)) ? undefined : tools;
}

/** What a model is opened with. */
export function settingsOf({ api, provider, model, baseURL, apiKey, headers }: ResolvedModel): Parameters<AiSdk["open"]>[0] {
  return { api, provider, model, baseURL, ...(apiKey !== undefined && { apiKey }), ...(headers && { headers }) };
}
