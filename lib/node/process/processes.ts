import { isAnodeError } from "../../errors.js";
import type { Host } from "../../host.js";
import { resolveLimits, type Limits } from "../../limits.js";
import type { RunContext } from "../../runs/executor.js";
import { type ContainedChild, type ContainedCommand, type ContainedSetup, startContained } from "./contained-child.js";
import { createContainment, type Containment } from "./containment.js";
import { childEnvironment, type EnvironmentSources } from "./environment.js";
import type { Environment } from "../home-folder.js";
import type { ProcessIdentity } from "./identity.js";
import { cookieOf } from "./levels/group.js";
import type { Hidden, Level, LevelName } from "./levels/level.js";
import { cookieName } from "./process-reader.js";

/** Settings of {@link createProcesses}. */
export interface ProcessesOptions {
  readonly host: Host;
  /**
   * Names the store whose runs these are: a daemon ends leftovers of its own store only.
   * @defaultValue a random one, so that nothing is recognized later
   */
  readonly storeId?: string;
  /** The token a run's processes get as `ANODE_RUN_TOKEN`, if any. */
  readonly runToken?: (runId: string) => Promise<string | undefined> | string | undefined;
  /** Where the allow-list takes its values from. @defaultValue the environment of this process */
  readonly baseEnv?: Environment;
  /** Bounds: `flushMs`, `flushBytes`, `eventBytes`, `graceMs`, `killMs`. */
  readonly limits?: Partial<Limits>;
  /**
   * Where in output something begins that may turn out to be secret in the next piece; the text's length where nothing does. What
   * lies behind is told with the next piece, or at the end. @defaultValue nothing is held back
   */
  readonly heldFrom?: (text: string) => number;
  /** Shared with status and doctor. @defaultValue a new one for `storeId` */
  readonly containment?: Containment;
}

/** Where a child's variables come from, beside ours. */
export type ChildVariables = Omit<EnvironmentSources, "base" | "own">;

/** The way to start processes that belong to runs. */
export interface Processes {
  readonly host: Host;
  readonly limits: Limits;
  readonly containment: Containment;
  readonly baseEnv: Environment;
  /** Variables of ours for the run's processes. */
  own(runId: string): Promise<Record<string, string>>;
  /** The whole environment of a child of the run: the allow-list, what is passed and defined, and ours. */
  environment(runId: string, variables: ChildVariables): Promise<Record<string, string>>;
  /** What a child at a level is started with. */
  setup(level: Level): ContainedSetup;
  /**
   * Starts a command as the tree of a run. `guarded` is `pidns` with nothing to see of what is hidden, where the host
   * allows it, else `auto`.
   * @throws `spawn_failed`; `containment_unavailable` for a demanded level
   */
  start(context: RunContext, command: ContainedCommand, level: LevelName | "auto" | "guarded", hide?: Hidden): Promise<ContainedChild>;
  /** Resolves when no sweep is under way. */
  close(): Promise<void>;
}

/**
 * What the processes of one store's runs have in common.
 * @throws `invalid_request` for a limit or store id of the wrong form
 */
export function createProcesses(options: ProcessesOptions): Processes {
  const { host, runToken, heldFrom, baseEnv = process.env } = options;
  const limits = resolveLimits(options.limits);
  const containment = options.containment ?? createContainment({ storeId: options.storeId ?? host.randomId(16) });
  const background = new Set<Promise<unknown>>();
  const setup = (level: Level): ContainedSetup => ({
    host,
    limits,
    level,
    heldFrom,
    identify: (pid) => identify(containment, pid),
    later(work) {
      background.add(work);
      void work.finally(() => background.delete(work)).catch(() => {});
    },
  });
  const own = async (runId: string): Promise<Record<string, string>> => {
    const token = await runToken?.(runId);
    return { [cookieName]: cookieOf(containment.storeId, runId), ANODE_RUN_ID: runId, ...(token && { ANODE_RUN_TOKEN: token }) };
  };

  return {
    host,
    limits,
    containment,
    baseEnv,
    setup,
    own,
    environment: async (runId, variables) => childEnvironment({ base: baseEnv, own: await own(runId), ...variables }),
    async start(context, command, wanted, hide) {
      const level = await (wanted === "guarded" ? guarded(containment, hide) : containment.level(wanted, hide));
      return startContained(context, command, setup(level));
    },
    async close() {
      await Promise.all(background);
    },
  };
}

async function guarded(containment: Containment, hide: Hidden | undefined): Promise<Level> {
  try {
    return await containment.level("pidns", hide);
  } catch (error) {
    if (!isAnodeError(error) || error.code !== "containment_unavailable") throw error;
    return containment.level("auto");
  }
}

/** Read at once after the start, while even an ended process is still in the table. */
function identify({ table: { reader } }: Containment, pid: number): ProcessIdentity {
  return { pid, start_ticks: reader.read(pid)?.startTicks ?? 0, boot_id: reader.bootId() };
}
