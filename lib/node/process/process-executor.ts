import { AnodeError } from "../../errors.js";
import type { Executor, Prepared } from "../../runs/executor.js";
import { supportsNothing, type NormalRequest } from "../../runs/normal-request.js";
import type { Hidden, LevelName } from "./levels/level.js";
import { planRun, wantsTerminal } from "./plan.js";
import { createProcesses, type ProcessesOptions } from "./processes.js";
import { runProcess } from "./run-process.js";
import { hasTerminals, noTerminals } from "./terminal.js";

/** Settings of {@link createProcessExecutor}. */
export interface ProcessExecutorOptions extends ProcessesOptions {
  /** @defaultValue "auto" */
  readonly level?: LevelName | "auto";
  /** What the processes shall not reach; needs the level `pidns`. */
  readonly hide?: Hidden;
  /**
   * Accepts requests with `shell`.
   * @defaultValue false
   */
  readonly shell?: boolean;
}

/**
 * The executor of kind `process`: runs a command as a contained process tree of which nothing is left when the run ends.
 * @throws `invalid_request` for a limit or store id of the wrong form
 */
export function createProcessExecutor(options: ProcessExecutorOptions): Executor {
  const { level = "auto", hide, shell = false } = options;
  const processes = createProcesses(options);
  const { containment } = processes;

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
      const { baseEnv } = processes;
      const plan = planRun(context.request, { baseEnv, cwd: process.cwd(), own: await processes.own(context.run.id) });
      return runProcess(context, plan, processes.setup(await containment.level(level, hide)));
    },
    close: () => processes.close(),
  };
}

function takesInput(request: NormalRequest): boolean {
  return request.template?.input === true;
}
