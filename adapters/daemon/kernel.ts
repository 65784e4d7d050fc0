import type { AgentMesh } from "../../lib/agent/index.js";
import type { AnodeError, Executor, Limits, Profile } from "../../lib/index.js";
import type { Hidden } from "../../lib/node/index.js";
import type { Environment } from "../../lib/node/home-folder.js";
import type { Config } from "./config-schema.js";
import { createRuns, type Runs } from "./create-runs.js";
import type { Ground } from "./ground.js";
import { createRunTokens } from "./run-tokens.js";

/** The runs of a daemon and what holds their processes. */
export type Kernel = Runs;

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
  readonly onFailed: (error: AnodeError) => void;
  /** Where runs of the built-in agent become peers. */
  readonly mesh: AgentMesh;
  readonly executors: Readonly<Record<string, Executor>>;
  readonly profiles: Readonly<Record<string, Profile>>;
}

/**
 * Recovers the runs of the store and takes up its queue.
 * @throws {@link StartRefused} 78 for settings that no manager takes
 */
export async function openKernel({ ground, onFailed, port, ...options }: KernelOptions): Promise<Kernel> {
  const { host, redaction, starts, store, storeId, tokens } = ground;
  const runTokens = createRunTokens({ tokens, redaction, log: host.log, port });
  const runs = await createRuns({
    ...options,
    host,
    redaction,
    store,
    storeId,
    surroundings: "daemon",
    runToken: runTokens.issue,
    settings: { paused: starts.isPaused, onFailed },
  });
  runTokens.follow(runs.manager);
  await runs.manager.open();
  await runTokens.tidy(runs.manager);
  return runs;
}
