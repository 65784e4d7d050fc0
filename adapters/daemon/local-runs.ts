import { createMemoryStore, type Executor, type Profile, resolveLimits, systemHost } from "../../lib/index.js";
import { type Client, createClient } from "../client/index.js";
import type { Environment } from "../../lib/node/home-folder.js";
import { loadConfig } from "./config.js";
import type { Config } from "./config-schema.js";
import { configuredLimits } from "./configured-limits.js";
import { createRuns } from "./create-runs.js";
import { homeOf, openHome } from "./home.js";
import { createRedaction, secretsOf } from "./redaction.js";
import { refusedSetting } from "./start-refused.js";

/** Runs of this process alone; nothing of them is kept. */
export interface LocalRuns {
  /** The contract over these runs. */
  readonly client: Client;
  /** What of the configuration was skipped or ignored, one sentence each. */
  readonly warnings: readonly string[];
  /** Ends the processes of all runs at once. */
  killAll(): Promise<void>;
  /** Ends what still runs, in order. */
  close(): Promise<void>;
}

/** What the runs stand on. */
export interface LocalGround {
  readonly config: Config;
  readonly home: string;
  readonly env: Environment;
  readonly cwd: string;
}

/** What local runs are opened with. */
export interface LocalRunsOptions {
  readonly env: Environment;
  readonly cwd: string;
  /** Puts something around every executor. */
  readonly around?: (executor: Executor, ground: LocalGround) => Executor;
  /** Further executors by name. */
  readonly executors?: Readonly<Record<string, Executor>>;
  /** Laid over the profiles of the configuration. */
  readonly profiles?: Readonly<Record<string, Profile>>;
}

/**
 * Opens a manager in memory with the executors and the configuration that a daemon would have.
 * @throws {@link StartRefused} 78 for settings that no manager takes
 */
export async function openLocalRuns({ env, cwd, around, ...options }: LocalRunsOptions): Promise<LocalRuns> {
  const home = homeOf(env);
  openHome(home);
  const { config, warnings } = loadConfig({ env, home, cwd });
  const limits = checkedLimits(configuredLimits(config));
  const redaction = createRedaction();
  redaction.add(secretsOf(env));
  const store = createMemoryStore({ limits });
  const { manager, killAll } = await createRuns({
    ...options,
    ...(around && { around: (executor: Executor) => around(executor, { config, home: home.path, env, cwd }) }),
    host: systemHost,
    config,
    env,
    cwd,
    home: home.path,
    limits,
    store,
    // Of its own: a daemon of the same home that starts now must not take our processes for leftovers.
    storeId: systemHost.randomId(16),
    redaction,
    surroundings: "headless",
    hide: () => ({ home: home.path, sockets: [] }),
  });
  await manager.open();
  const client = createClient(manager);
  return {
    client,
    warnings,
    killAll,
    async close() {
      await client.close();
      await manager.close();
      await store.close();
    },
  };
}

function checkedLimits(given: Parameters<typeof resolveLimits>[0]): ReturnType<typeof resolveLimits> {
  try {
    return resolveLimits(given);
  } catch (error) {
    throw refusedSetting(error);
  }
}
