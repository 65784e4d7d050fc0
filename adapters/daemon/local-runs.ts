import { existsSync } from "node:fs";
import { createAcpExecutor } from "../../lib/acp/index.js";
import { resolveLimits, RunManager, systemHost } from "../../lib/index.js";
import { createFolders, createProcessExecutor, createProcesses } from "../../lib/node/index.js";
import { loadConfig } from "./config.js";
import { type Environment, homeOf } from "./home.js";
import { toManagerOptions } from "./manager-options.js";
import { redactedExecutor } from "./redacted-executor.js";
import { createRedaction, secretsOf } from "./redaction.js";
import { refusedSetting } from "./start-refused.js";

/** Where runs without a daemon take place. */
export interface LocalSurroundings {
  readonly env: Environment;
  readonly cwd: string;
}

/**
 * Runs of this process alone: what the configuration defines, kept in memory, gone with the process.
 * @throws {@link StartRefused} for settings that no manager takes
 */
export async function openLocalRuns({ env, cwd }: LocalSurroundings): Promise<RunManager> {
  const home = homeOf(env);
  const { config } = loadConfig({ env, home, cwd });
  const { daemon = {} } = config;
  const redaction = createRedaction();
  redaction.add(secretsOf(env));
  try {
    const around = { host: systemHost, limits: resolveLimits(daemon.limits), baseEnv: env };
    const agents = createAcpExecutor({
      processes: createProcesses(around),
      // A folder that is not there cannot be hidden, and has nothing to hide.
      hide: () => (existsSync(home.path) ? { home: home.path, sockets: [] } : undefined),
      ...(config.agents && { agents: config.agents }),
    });
    const manager = new RunManager({
      ...toManagerOptions(config),
      executors: {
        process: redactedExecutor(createProcessExecutor({ ...around, shell: daemon.process?.shell ?? false }), redaction),
        acp: redactedExecutor(agents, redaction),
      },
      folders: createFolders([cwd, ...(daemon.cwd_roots ?? [])], cwd),
      redact: redaction.value,
    });
    await manager.open();
    return manager;
  } catch (error) {
    throw refusedSetting(error);
  }
}
