import { homeFolder } from "../node/home-folder.js";
import type { Executor, Profile } from "../runs/executor.js";
import { systemHost } from "../system-host.js";
import type { SdkModel } from "./ai-sdk.js";
import type { AgentExecutorOptions } from "./options.js";
import { agentSupports, createPrepare, settingsOf } from "./prepare.js";
import { type AgentProfile, toAgentProfile } from "./profiles.js";
import { type ResolvedModel, resolveModel } from "./providers/provider.js";
import { type AgentGround, runAgent } from "./run-agent.js";
import { configuredThreads } from "./threads/configured-threads.js";

/** The executor of the built-in agent on a given ground: what `createAgentExecutor` answers, with other parts under it. */
export function createAgentExecutorOn(ground: AgentGround, options: AgentExecutorOptions): Executor {
  const { sdk } = ground;
  const { config = {}, env = process.env, cwd = process.cwd(), host = systemHost, models } = options;
  const home = options.home ?? homeFolder(env);
  const threads = configuredThreads(config, home, () => host.clock.now());
  const sources = { config, env };
  const prepare = createPrepare({
    sources,
    sdk,
    threads,
    cwd,
    hasOwnModels: models !== undefined,
  });
  /** Profiles as their manager knows them; of a run that a former process prepared only the configuration tells. */
  const known = new Map<string, Profile>();
  const profileOf = (name: string): AgentProfile => toAgentProfile(name, { ...(config.profiles?.[name] as Profile), ...known.get(name) });
  return {
    kind: "agent",
    supports: agentSupports,
    prepare(request, profile) {
      known.set(request.profile, profile);
      return prepare(request, profileOf(request.profile));
    },
    async execute(context) {
      const { profile: name, model: reference = "own/model" } = context.request;
      const profile = profileOf(name);
      const resolved = models ? undefined : resolveModel(reference, sources);
      const model = (models ? await models(reference) : await sdk.open(settingsOf(resolved as ResolvedModel))) as SdkModel;
      return runAgent({ context, options, config, env, cwd, home, host, ground, threads, profile, resolved, model });
    },
  };
}
