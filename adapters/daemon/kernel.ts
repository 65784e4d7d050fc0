import { type AgentConfig, createAgentExecutor } from "../../lib/agent/index.js";
import { type Executor, type Limits, type Profile, RunManager } from "../../lib/index.js";
import { createAcpExecutor, resolveAgents } from "../../lib/acp/index.js";
import {
  type Containment,
  createContainment,
  createFolders,
  createProcessExecutor,
  createProcesses,
  type Hidden,
  type Processes,
  sweepLeftovers,
} from "../../lib/node/index.js";
import type { Config } from "./config-schema.js";
import type { Ground } from "./ground.js";
import type { Environment } from "./home.js";
import { toManagerOptions } from "./manager-options.js";
import { redactedExecutor } from "./redacted-executor.js";
import { secretsOf } from "./redaction.js";
import { followRunProcesses, type RunProcesses } from "./run-processes.js";
import { createRunTokens } from "./run-tokens.js";
import { refusedSetting } from "./start-refused.js";

/** The runs of a daemon and what holds their processes. */
export interface Kernel {
  readonly manager: RunManager;
  readonly containment: Containment;
  readonly processes: RunProcesses;
  /** Ends the processes of all runs at once, without asking them first. */
  killAll(): Promise<void>;
}

/** What the kernel is made of. */
export interface KernelOptions {
  readonly ground: Ground;
  readonly config: Config;
  readonly env: Environment;
  readonly cwd: string;
  /** The home folder. */
  readonly home: string;
  readonly limits: Limits;
  /** Our TCP port, once it is known. */
  readonly port: Promise<number | undefined>;
  /** What agents shall not reach of us, once it is there. */
  readonly hide: () => Promise<Hidden>;
  readonly onFailed: () => void;
  readonly executors: Readonly<Record<string, Executor>>;
  readonly profiles: Readonly<Record<string, Profile>>;
}

/**
 * Recovers the runs of the store and takes up its queue.
 * @throws {@link StartRefused} 78 for settings that no manager takes
 */
export async function openKernel(options: KernelOptions): Promise<Kernel> {
  const { ground, config, env, cwd, limits } = options;
  const { host, redaction, starts, store, storeId, tokens } = ground;
  const { daemon = {} } = config;
  for (const { env: set, env_pass = [] } of Object.values(daemon.commands ?? {})) {
    redaction.add(secretsOf({ ...set, ...Object.fromEntries(env_pass.map((name) => [name, env[name]])) }));
  }
  const containment = createContainment({ storeId });
  const runTokens = createRunTokens({ tokens, redaction, log: host.log, port: options.port });
  const around = { host, limits, containment, baseEnv: env, runToken: runTokens.issue };
  const runs = createProcessExecutor({ ...around, shell: daemon.process?.shell ?? false });
  const agents = createAgents(options, createProcesses(around));
  redaction.add(providerKeys(config));
  const agent = createAgentExecutor({
    config,
    home: options.home,
    env,
    cwd,
    host,
    surroundings: "daemon",
    surround: { containment, runToken: runTokens.issue },
  });
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
    const { profiles, ...rest } = toManagerOptions(config);
    return new RunManager({
      ...rest,
      profiles: { ...profiles, ...options.profiles },
      executors: {
        process: redactedExecutor(runs, redaction),
        agent: redactedExecutor(agent, redaction),
        acp: redactedExecutor(agents, redaction),
        ...options.executors,
      },
      store,
      host,
      folders: createFolders([cwd, ...(daemon.cwd_roots ?? [])], cwd),
      redact: redaction.value,
      leftovers: (recorded) => sweep(recorded),
      paused: starts.isPaused,
      onFailed: options.onFailed,
    });
  });
  const processes = followRunProcesses(manager);
  runTokens.follow(manager);
  await manager.open();
  await runTokens.tidy(manager);
  return { manager, containment, processes, killAll: () => sweep(processes.list(), 0) };
}

/** Foreign agents. What their definitions set is secret where its name looks so. */
function createAgents({ config, ground, hide }: KernelOptions, processes: Processes): Executor {
  return created(() => {
    const agents = resolveAgents(config.agents);
    for (const { env } of Object.values(agents)) ground.redaction.add(secretsOf(env?.set ?? {}));
    return createAcpExecutor({ agents, processes, hide, surroundings: "daemon" });
  });
}

function created<Value>(make: () => Value): Value {
  try {
    return make();
  } catch (error) {
    throw refusedSetting(error);
  }
}

/** The keys that the configuration itself holds. */
function providerKeys({ providers = {} }: AgentConfig): Record<string, string> {
  const keys = Object.entries(providers).flatMap(([id, { apiKey }]) =>
    apiKey === undefined ? [] : [[`providers.${id}.apiKey`, apiKey] as const],
  );
  return Object.fromEntries(keys);
}
