import type { Host } from "../host.js";
import type { OpenPermissions, PermissionCall, ToolLevel, Verdict } from "../permissions/schema.js";
import { systemHost } from "../system-host.js";
import type { AgentConfig } from "./config-schema.js";
import { toolFields } from "./hooks/tool-fields.js";
import { createDecide } from "./permissions/decide.js";
import { createGrants } from "./permissions/grants.js";
import { judgePath } from "./permissions/judge-path.js";
import type { JudgedCall } from "./permissions/judged-call.js";
import { permissionMode } from "./permissions/levels.js";
import { suggestRule } from "./permissions/suggest-rule.js";
import { openPlugins } from "./plugins/open-plugins.js";
import type { CommandSurroundings } from "./run-commands.js";
import { openGround } from "./run-ground.js";
import type { Workspace } from "./workspace/workspace.js";

/** What rules for agents that are not ours stand on. */
export interface ForeignRulesOptions extends CommandSurroundings {
  readonly config: AgentConfig;
  /** The home folder. */
  readonly home: string;
  /** @defaultValue `systemHost` */
  readonly host?: Host;
}

/**
 * The rules of the built-in agent, for what another agent asks: levels, configured rules, grants and the hooks `PreToolUse`, those of plugins too.
 * In rules and hooks a tool that runs shell commands is `bash`, one that writes files `edit_file`, every other one has its own
 * name; its files are `path`.
 * @throws `executor_error` when a run is opened, for a file of hooks that cannot be read as meant
 */
export function createForeignRules(options: ForeignRulesOptions): OpenPermissions {
  const { config, host = systemHost } = options;
  return async ({ context, cwd, mode, readOnly }) => {
    const { room, notice, ...ground } = await openGround(context, cwd, { ...options, host });
    const { workspace } = room.files;
    // An agent that is not ours takes no tools of theirs, but their word on what it asks counts.
    const plugins = await openPlugins(room, notice, context.signal);
    const runHooks = ground.hooks(plugins.hooks, () => context.request.session_id);
    const grants = createGrants();
    const { decide, hardDeny } = createDecide({
      mode: permissionMode(mode, config),
      rules: config.permissions ?? [],
      blocked: config.shell?.blocked ?? [],
      isReadOnly: readOnly,
      grants: { ...grants, cover: (call) => !isVague(call) && grants.cover(call) },
    });
    return {
      async decide(given) {
        const call = await judged(given, workspace);
        if (readOnly && !reads.has(call.level)) return deny("the run is read-only");
        const closed = hardDeny(call);
        if (closed !== undefined) return deny(closed);
        const { reject } = await runHooks("PreToolUse", toolFields(call.name, call.args));
        if (reject !== undefined) return deny(reject);
        const decision = decide(call);
        if (decision.action === "deny") return decision;
        if (decision.action === "allow") return { action: "allow" };
        const rule = isVague(call) ? undefined : suggestRule(call);
        return { action: "ask", ...(rule && { metadata: { rule } }) };
      },
      grant: async (given) => grants.add(await judged(given, workspace)),
      close: plugins.close,
    };
  };
}

const reads = new Set<ToolLevel>(["auto_read", "external_read"]);

/** Our names for what every agent names in its own way. */
const names: Readonly<Record<string, string>> = { execute: "bash", edit: "edit_file" };

/** The call as our rules see one: what it does not tell in words of ours is not taken for harmless. */
async function judged({ call_id, name, kind, level, args, command, paths }: PermissionCall, workspace: Workspace): Promise<JudgedCall> {
  return {
    call_id,
    name: (kind !== undefined && Object.hasOwn(names, kind) && names[kind]) || name,
    level,
    // What it would run is not known: nothing says that it destroys nothing.
    isOpaque: level === "confirm_execute" && command === undefined,
    args: { ...withPath(args, paths), ...(command !== undefined && { command }) },
    paths: await Promise.all(paths.map((path) => judgePath(workspace, path, !reads.has(level)))),
  };
}

/** Every agent names its files in a way of its own; rules know them as `path`. */
function withPath({ paths: own, ...args }: PermissionCall["args"], paths: readonly string[]): JudgedCall["args"] {
  if (paths.length === 0) return own === undefined ? args : { ...args, paths: own };
  return { ...args, path: paths.length === 1 ? paths[0] : paths };
}

/** Little more than its kind is known: a grant or a rule for it would hold for whatever else is of that kind. */
function isVague({ name, level, isOpaque, paths }: JudgedCall): boolean {
  return (isOpaque && (name === "bash" || name === "other")) || (level === "confirm_write" && paths.length === 0);
}

function deny(reason: string): Verdict {
  return { action: "deny", reason };
}
