import { spawn } from "node:child_process";
import { once } from "node:events";
import type { HookRequest, StartHook } from "../../index.js";
import { systemReader } from "../process/process-reader.js";
import { errnoOf, spawnFailed } from "../process/resolve-command.js";
import { coveredDescriptors } from "../process/stray-descriptors.js";
import type { Environment } from "../home-folder.js";

/** How the program that holds a peer's socket is started. */
export interface StartHookOptions {
  /** File and arguments. No secret belongs here: others see it. */
  argv(request: HookRequest): readonly string[];
  readonly cwd: string;
  readonly env: Environment;
  /** Milliseconds between TERM and KILL. @defaultValue 1000 */
  readonly politeMs?: number;
}

/** A {@link StartHook} that starts a program of its own session, which outlives us. */
export function createStartHook({ argv, cwd, env, politeMs = 1_000 }: StartHookOptions): StartHook {
  return async (request) => {
    const [file = "", ...args] = argv(request);
    const child = spawn(file, args, { cwd, env, detached: true, stdio: ["ignore", "ignore", "ignore", ...coveredDescriptors()] });
    const exited = new Promise<void>((resolve) => void child.once("exit", () => resolve()));
    const { pid } = child;
    if (pid === undefined) {
      const [error] = (await once(child, "error")) as [Error];
      throw spawnFailed(errnoOf(error), file, error);
    }
    child.unref();
    // Read at once, while even an ended process is still in the table.
    const started = systemReader().read(pid)?.startTicks ?? 0;
    return {
      pid,
      started,
      exited,
      async end() {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill("SIGTERM");
        const timer = setTimeout(() => child.kill("SIGKILL"), politeMs);
        await exited;
        clearTimeout(timer);
      },
    };
  };
}
