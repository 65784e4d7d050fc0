import { existsSync } from "node:fs";
import type { Host } from "../host.js";
import { type Commands, type Containment, createCommands, createContainment } from "../node/index.js";
import type { RunContext } from "../runs/executor.js";

/** How the commands of runs are held and what they are given. */
export interface CommandSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Holds the run's processes. @defaultValue one whose leftovers nobody recognizes later */
  readonly containment?: Containment;
  /** Sockets outside `home` that the run's commands shall not reach. */
  readonly sockets?: () => Promise<readonly string[]> | readonly string[];
  /** The token the run's commands get, if any. */
  readonly runToken?: (runId: string) => Promise<string | undefined> | string | undefined;
}

/** What starts the commands of one run; `home` is a real path. */
export async function openCommands(
  context: RunContext,
  home: string,
  host: Host,
  { containment, env, runToken, sockets }: CommandSurroundings,
): Promise<Commands> {
  // Hidden is what is there: a home that is not made yet holds nothing.
  const hide = existsSync(home) ? { home, sockets: (await sockets?.()) ?? [] } : undefined;
  return createCommands({
    host,
    containment: containment ?? createContainment({ storeId: host.randomId(16) }),
    baseEnv: env,
    ...(hide && { hide }),
    ...(runToken && { runToken: () => runToken(context.run.id) }),
  });
}
