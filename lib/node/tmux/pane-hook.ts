import type { StartHook } from "../../index.js";
import type { Environment } from "../home-folder.js";
import { childEnvironment } from "../process/environment.js";
import { createStartHook } from "./start-hook.js";

/** Where the program that holds a pane's socket comes from. */
export interface PaneHookOptions {
  /** File of the program, which is called as `hook ws`. */
  readonly program: string;
  /** Where its few variables come from: how to find tmux and the daemon, and nothing else of its starter. */
  readonly env: Environment;
  /** The home folder that it is to use. @defaultValue the one that the environment leads to */
  readonly home?: string;
}

/** A {@link StartHook} of the program's own `hook ws`, by absolute paths, in a session of its own. */
export function createPaneHookStart({ program, env, home }: PaneHookOptions): StartHook {
  return createStartHook({
    argv: ({ pane_id, backend }) => [process.execPath, ...process.execArgv, program, "hook", "ws", "--backend", backend, "--pane", pane_id],
    // It outlives whatever it was started in, and holds no folder.
    cwd: "/",
    env: childEnvironment({ base: env, pass: ["TMUX", "TMUX_TMPDIR"], own: ours(env, home) }),
  });
}

/** How the daemon is found. */
function ours(env: Environment, home = env["ANODE_HOME"]): Record<string, string> {
  const { ANODE_DAEMON } = env;
  return { ...(home && { ANODE_HOME: home }), ...(ANODE_DAEMON && { ANODE_DAEMON }) };
}
