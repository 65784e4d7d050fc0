import type { Host } from "../host.js";
import type { RunContext } from "../runs/executor.js";
import type { AgentConfig } from "./config-schema.js";
import { readHooks } from "./hooks/read-hooks.js";
import { createHooks, type HookPart } from "./hooks/run-hooks.js";
import { type Notice, noticesOf } from "./notices.js";
import { type CommandSurroundings, openCommands } from "./run-commands.js";
import type { ToolRoom } from "./tools/tool-room.js";
import { createTrust } from "./trust.js";
import { createFileRoom } from "./workspace/file-room.js";
import { openWorkspace } from "./workspace/workspace.js";

/** What the rules of a run stand on, whether the agent is ours or another. */
export interface RunGround {
  readonly room: ToolRoom;
  /** Whether a person trusts the workspace. */
  readonly isTrusted: boolean;
  readonly notice: Notice;
  /** What runs the hooks of the run, and after them those of its plugins. */
  hooks(parts: () => readonly HookPart[], sessionId: () => string | undefined): ReturnType<typeof createHooks>;
}

/** What a run's ground is opened by. */
export interface GroundOptions extends CommandSurroundings {
  readonly config: AgentConfig;
  /** The home folder. */
  readonly home: string;
  readonly host: Host;
}

/**
 * Opens the workspace of a run and reads its hooks.
 * @throws `executor_error` for a file of hooks that cannot be read as meant
 */
export async function openGround(context: RunContext, cwd: string, options: GroundOptions): Promise<RunGround> {
  const { config, env, home, host } = options;
  const workspace = await openWorkspace({ cwd, home, ...(config.tools?.readRoots && { readRoots: config.tools.readRoots }) });
  const { root } = workspace;
  const notice = noticesOf(context);
  const commands = await openCommands(context, workspace.home, host, options);
  const isTrusted = createTrust(home).has(root);
  const hooks = await readHooks(home, root, isTrusted, notice);
  const outputBytes = config.tools?.limits?.outputBytes ?? 65_536;
  return {
    room: { run_id: context.run.id, files: createFileRoom(workspace), config, commands, env, outputBytes },
    isTrusted,
    notice,
    hooks: (parts, session_id) => createHooks({ context, commands, hooks, parts, root, session_id, now: host.clock.monotonic }),
  };
}
