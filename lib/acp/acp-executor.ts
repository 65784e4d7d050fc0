import { createProcesses, emitUntilAbort, type Hidden, type Processes } from "../node/index.js";
import type { OpenPermissions, PermissionRun } from "../permissions/schema.js";
import type { Executor, RunContext } from "../runs/executor.js";
import { systemHost } from "../system-host.js";
import { modeOf, resolveAgents } from "./agents.js";
import { type AgentEnd, connectEnd, launchAgent } from "./launch.js";
import type { AgentMcpServer } from "./mcp-servers.js";
import { plainPermissions } from "./permissions.js";
import { findAgent, prepareAgent, supportsOf } from "./prepare.js";
import { runAgent } from "./run-agent.js";
import type { AgentDefinition } from "./schema.js";
import { loadSdk } from "./sdk.js";
import { createSessionHold } from "./session-hold.js";

/** Settings of {@link createAcpExecutor}. */
export interface AcpExecutorOptions {
  /** Definitions by name, laid field by field over the built-in `claude`, `codex`, `gemini` and `opencode`. */
  readonly agents?: Readonly<Record<string, unknown>>;
  /** Speaks with an agent in place of starting its process. */
  readonly connect?: (agent: AgentDefinition, context: RunContext) => AgentEnd | Promise<AgentEnd>;
  /** How processes of runs are started. @defaultValue processes of no store, with the environment of this process */
  readonly processes?: Processes;
  /** What agents shall not reach; it is hidden where the host allows it, and never served through us. */
  readonly hide?: () => Hidden | undefined | Promise<Hidden | undefined>;
  /** The rules for what agents ask. @defaultValue everything above reading is asked for, unless the run is unrestricted */
  readonly permissions?: OpenPermissions;
  /** Tool servers that an agent shall use in a run. @defaultValue none */
  readonly mcpServers?: (run: PermissionRun) => readonly AgentMcpServer[] | Promise<readonly AgentMcpServer[]>;
  /** Folder of the locks by which processes that share it keep out of each other's sessions. @defaultValue none */
  readonly sessionLocks?: string;
  /** Where runs take place, as `system.init` tells it. @defaultValue "embedded" */
  readonly surroundings?: "headless" | "daemon" | "embedded";
}

/**
 * The executor of kind `acp`: drives a foreign agent over the Agent Client Protocol, one process for each run. A profile
 * names its agent by `{"executor": {"kind": "acp", "agent": "claude"}}`.
 * @throws `invalid_request` for a definition of the wrong form
 */
export function createAcpExecutor(options: AcpExecutorOptions = {}): Executor {
  const { connect, hide, permissions = plainPermissions, mcpServers, sessionLocks, surroundings = "embedded" } = options;
  const agents = resolveAgents(options.agents);
  const processes = options.processes ?? createProcesses({ host: systemHost });
  const { limits, host } = processes;

  return {
    kind: "acp",
    supports: {
      ...supportsOf(
        { argv: ["any"], approval: {}, model_option: "argv", supports: { session: true, steer: true, tokens: true, cost: true } },
        true,
      ),
    },
    async prepare(request, profile) {
      const prepared = prepareAgent(request, profile, {
        agents,
        searchPath: processes.baseEnv["PATH"],
        needsCommand: connect === undefined,
      });
      await loadSdk();
      return prepared;
    },
    async execute(given) {
      // On a full disk an agent is ended, and its end told, without waiting for the commit.
      const context = emitUntilAbort(given);
      const { agent: name = context.request.profile, approval_mode, read_only = false, cwd = process.cwd() } = context.request;
      const agent = findAgent(agents, name);
      const hidden = await hide?.();
      const run = { context, mode: approval_mode, cwd, readOnly: read_only };
      const rules = await permissions(run);
      try {
        return await runAgent(context, {
          sdk: await loadSdk(),
          agent,
          name,
          mode: modeOf(agent, name, approval_mode, read_only),
          cwd,
          hold: createSessionHold(sessionLocks),
          closed: hidden ? [hidden.home] : [],
          permissions: rules,
          mcpServers: (await mcpServers?.(run)) ?? [],
          clock: host.clock,
          graceMs: limits.graceMs,
          killMs: limits.killMs,
          surroundings,
          launch: async (stray) =>
            connect ? connectEnd(await connect(agent, context)) : launchAgent(context, agent, { processes, hide: hidden, cwd, stray }),
        });
      } finally {
        await rules.close?.();
      }
    },
    close: () => processes.close(),
  };
}
