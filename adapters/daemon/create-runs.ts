import { join } from "node:path";
import type { AgentMesh } from "../../lib/agent/index.js";
import type { AgentConfig } from "../../lib/agent/settings/index.js";
import { type Executor, type Host, type Limits, type Profile, RunManager, type RunManagerOptions, type Store } from "../../lib/index.js";
import {
  type Containment,
  createContainment,
  createFolders,
  createProcessExecutor,
  createProcesses,
  type Hidden,
  sweepLeftovers,
} from "../../lib/node/index.js";
import type { Environment } from "../../lib/node/home-folder.js";
import type { Config } from "./config-schema.js";
import { toManagerOptions } from "./manager-options.js";
import { redactedExecutor } from "./redacted-executor.js";
import { laterExecutor } from "./later-executor.js";
import { type Redaction, secretsOf } from "./redaction.js";
import { followRunProcesses, type RunProcesses } from "./run-processes.js";
import { refusedSetting } from "./start-refused.js";

/** A manager that is not open yet, and what holds the processes of its runs. */
export interface Runs {
  readonly manager: RunManager;
  readonly containment: Containment;
  readonly processes: RunProcesses;
  /** Ends the processes of all runs at once, without asking them first. */
  killAll(): Promise<void>;
}

/** What runs are made of, in the daemon and in a command that needs none. */
export interface RunsOptions {
  readonly host: Host;
  readonly config: Config;
  readonly env: Environment;
  readonly cwd: string;
  /** The home folder. */
  readonly home: string;
  readonly limits: Limits;
  readonly store: Store;
  /** The name by which processes of these runs are known. */
  readonly storeId: string;
  readonly redaction: Redaction;
  /** Who runs them, as an agent tells its readers. */
  readonly surroundings: "daemon" | "headless";
  /** What agents shall not reach of us, once it is there. */
  readonly hide: () => Promise<Hidden | undefined> | Hidden | undefined;
  /** The token that the processes of a run get. @defaultValue none */
  readonly runToken?: (runId: string) => Promise<string | undefined>;
  /** Where runs of the built-in agent become peers. @defaultValue nowhere */
  readonly mesh?: AgentMesh;
  /** Further executors by name. */
  readonly executors?: Readonly<Record<string, Executor>>;
  /** Laid over the profiles of the configuration. */
  readonly profiles?: Readonly<Record<string, Profile>>;
  /** Puts something around every executor. */
  readonly around?: (executor: Executor) => Executor;
  readonly settings?: Pick<RunManagerOptions, "paused" | "onFailed">;
}

/**
 * Puts executors and manager together: the one place that says what can run here.
 * @throws {@link StartRefused} 78 for settings that no manager takes
 */
export async function createRuns(options: RunsOptions): Promise<Runs> {
  await learnAgents(options).catch((error: unknown) => Promise.reject(refusedSetting(error)));
  const { around = (executor: Executor) => executor, config, cwd, host, redaction, store, storeId } = options;
  const { daemon = {} } = config;
  const containment = createContainment({ storeId });
  const sweep = async (recorded: Parameters<typeof sweepLeftovers>[0]["recorded"], politeMs?: number): Promise<void> => {
    const { runs: found, leaked } = await sweepLeftovers({
      storeId,
      recorded,
      clock: host.clock,
      containment,
      ...(politeMs !== undefined && { politeMs }),
    });
    if (found.length > 0) host.log("warn", "process.leftovers", { runs: found, leaked });
  };
  const manager = created(() => {
    const executors = Object.entries({ ...ownExecutors(options, containment), ...options.executors });
    const { profiles, ...rest } = toManagerOptions(config);
    return new RunManager({
      ...rest,
      ...options.settings,
      profiles: { ...profiles, ...options.profiles },
      executors: Object.fromEntries(executors.map(([name, executor]) => [name, around(executor)])),
      store,
      host,
      folders: createFolders([cwd, ...(daemon.cwd_roots ?? [])], cwd),
      redact: redaction.value,
      heldFrom: redaction.heldFrom,
      leftovers: (recorded) => sweep(recorded),
    });
  });
  const processes = followRunProcesses(manager);
  return { manager, containment, processes, killAll: () => sweep(processes.list(), 0) };
}

/**
 * What this program itself can run, with the secrets of the configuration known to the redaction. Agents are loaded with their
 * first run: a daemon that has none does not wait for them.
 */
function ownExecutors(options: RunsOptions, containment: Containment): Record<string, Executor> {
  const { config, cwd, env, hide, home, host, limits, redaction, mesh, runToken, surroundings } = options;
  const { daemon = {} } = config;
  redaction.add(providerKeys(config));
  for (const { env: set, env_pass = [] } of Object.values(daemon.commands ?? {})) {
    redaction.add(secretsOf({ ...set, ...Object.fromEntries(env_pass.map((name) => [name, env[name]])) }));
  }
  const ground = { host, limits, containment, baseEnv: env, heldFrom: redaction.heldFrom, ...(runToken && { runToken }) };
  const surround = { containment, sockets: async () => (await hide())?.sockets ?? [], ...(runToken && { runToken }) };
  const runs = createProcessExecutor({ ...ground, shell: daemon.process?.shell ?? false });
  const agent = laterExecutor("agent", async () => {
    const { createAgentExecutor } = await import("../../lib/agent/index.js");
    return createAgentExecutor({ config, home, env, cwd, host, surroundings, surround, ...(mesh && { mesh }) });
  });
  const foreign = laterExecutor("acp", async () => {
    const { createAcpExecutor } = await import("../../lib/acp/index.js");
    const { createForeignRules, createForeignServers } = await import("../../lib/agent/index.js");
    return createAcpExecutor({
      ...(config.agents && { agents: config.agents }),
      processes: createProcesses(ground),
      hide,
      permissions: createForeignRules({ ...surround, config, home, env, host }),
      mcpServers: createForeignServers({ config, home, env }),
      sessionLocks: join(home, "agent-sessions"),
      surroundings,
    });
  });
  return Object.fromEntries(
    Object.entries({ process: runs, agent, acp: foreign }).map(([name, executor]) => [name, redactedExecutor(executor, redaction)]),
  );
}

/** Checks the definitions of foreign agents. What they set is secret where its name looks so. */
async function learnAgents({ config: { agents }, redaction }: RunsOptions): Promise<void> {
  if (!agents) return;
  const { resolveAgents } = await import("../../lib/acp/index.js");
  for (const { env } of Object.values(resolveAgents(agents))) redaction.add(secretsOf(env?.set ?? {}));
}

/** The keys that the configuration itself holds. */
function providerKeys({ providers = {} }: AgentConfig): Record<string, string> {
  const keys = Object.entries(providers).flatMap(([id, { apiKey }]) =>
    apiKey === undefined ? [] : [[`providers.${id}.apiKey`, apiKey] as const],
  );
  return Object.fromEntries(keys);
}

function created(make: () => RunManager): RunManager {
  try {
    return make();
  } catch (error) {
    throw refusedSetting(error);
  }
}
