import { AnodeError } from "../../errors.js";
import type { Host } from "../../host.js";
import { resolveLimits, type Limits } from "../../limits.js";
import { supportsNothing, type Executor, type NormalRequest, type Prepared } from "../../runs/executor.js";
import { createContainment, type Containment } from "./containment.js";
import type { Environment } from "./environment.js";
import type { Hidden, LevelName } from "./levels/level.js";
import { cookieOf } from "./levels/group.js";
import { planRun, wantsTerminal } from "./plan.js";
import type { ProcessIdentity } from "./identity.js";
import { cookieName } from "./process-reader.js";
import { runProcess } from "./run-process.js";
import { hasTerminals, noTerminals } from "./terminal.js";

/** Settings of {@link createProcessExecutor}. */
export interface ProcessExecutorOptions {
  readonly host: Host;
  /**
   * Names the store whose runs these are: a daemon ends leftovers of its own store only.
   * @defaultValue a random one, so that nothing is recognized later
   */
  readonly storeId?: string;
  /** @defaultValue "auto" */
  readonly level?: LevelName | "auto";
  /** What the processes shall not reach; needs the level `pidns`. */
  readonly hide?: Hidden;
  /**
   * Accepts requests with `shell`.
   * @defaultValue false
   */
  readonly shell?: boolean;
  /** The token a run's processes get as `ANODE_RUN_TOKEN`, if any. */
  readonly runToken?: (runId: string) => Promise<string | undefined> | string | undefined;
  /** Where the allow-list takes its values from. @defaultValue the environment of this process */
  readonly baseEnv?: Environment;
  /** Bounds: `flushMs`, `flushBytes`, `eventBytes`, `graceMs`, `killMs`. */
  readonly limits?: Partial<Limits>;
  /** Shared with status and doctor. @defaultValue a new one for `storeId` */
  readonly containment?: Containment;
}

/**
 * The executor of kind `process`: runs a command as a contained process tree of which nothing is left when the run ends.
 * @throws `invalid_request` for a limit or store id of the wrong form
 */
export function createProcessExecutor(options: ProcessExecutorOptions): Executor {
  const { host, level = "auto", hide, shell = false, runToken, baseEnv = process.env } = options;
  const limits = resolveLimits(options.limits);
  const containment = options.containment ?? createContainment({ storeId: options.storeId ?? host.randomId(16) });
  const background = new Set<Promise<unknown>>();

  return {
    kind: "process",
    supports: { ...supportsNothing, queue: true, pty: true },
    async prepare(request): Promise<Prepared> {
      if (request.shell !== undefined && !shell) throw new AnodeError("argv_not_allowed", "Shell commands are off; give argv instead.");
      const terminal = wantsTerminal(request);
      if (terminal && !(await hasTerminals())) throw noTerminals();
      await containment.level(level, hide);
      return { supports: { ...supportsNothing, queue: terminal || takesInput(request), pty: await hasTerminals() }, request };
    },
    async execute(context) {
      const runId = context.run.id;
      const token = await runToken?.(runId);
      const own = { [cookieName]: cookieOf(containment.storeId, runId), ANODE_RUN_ID: runId, ...(token && { ANODE_RUN_TOKEN: token }) };
      const plan = planRun(context.request, { baseEnv, cwd: process.cwd(), own });
      return runProcess(context, plan, {
        host,
        limits,
        level: await containment.level(level, hide),
        identify: (pid) => identify(containment, pid),
        later(work) {
          background.add(work);
          void work.finally(() => background.delete(work)).catch(() => {});
        },
      });
    },
    async close() {
      await Promise.all(background);
    },
  };
}

/** Read at once after the start, while even an ended process is still in the table. */
function identify({ table: { reader } }: Containment, pid: number): ProcessIdentity {
  return { pid, start_ticks: reader.read(pid)?.startTicks ?? 0, boot_id: reader.bootId() };
}

function takesInput(request: NormalRequest): boolean {
  return request.template?.input === true;
}
