import type { Host } from "../host.js";
import type { RunContext } from "../runs/executor.js";
import type { ApprovalMode } from "../runs/schema.js";
import { systemHost } from "../system-host.js";
import type { AgentConfig, PermissionRule } from "./config-schema.js";
import { readHooks } from "./hooks/read-hooks.js";
import { createHooks } from "./hooks/run-hooks.js";
import { toolFields } from "./hooks/tool-fields.js";
import { createDecide } from "./permissions/decide.js";
import { createGrants } from "./permissions/grants.js";
import { judgePath } from "./permissions/judge-path.js";
import type { JudgedCall } from "./permissions/judged-call.js";
import { permissionMode } from "./permissions/levels.js";
import { suggestRule } from "./permissions/suggest-rule.js";
import { type CommandSurroundings, openCommands } from "./run-commands.js";
import { noticesOf } from "./notices.js";
import type { ToolLevel } from "./tool.js";
import { createTrust } from "./trust.js";
import { openWorkspace, type Workspace } from "./workspace/workspace.js";

/** A call for which an agent that is not ours asks. */
export interface ForeignCall {
  readonly call_id: string;
  readonly name: string;
  readonly level: ToolLevel;
  readonly args: Readonly<Record<string, unknown>>;
  /** What kind of tool it is, in words of the Agent Client Protocol. */
  readonly kind?: string;
  /** The command line of one that runs shell commands, as far as the agent tells it. */
  readonly command?: string;
  /** The files it names. */
  readonly paths: readonly string[];
}

/** A run of an agent that is not ours. */
export interface ForeignRun {
  readonly context: RunContext;
  readonly mode: ApprovalMode;
  readonly cwd: string;
  readonly readOnly: boolean;
}

/** What becomes of a call; `metadata` goes with the question. */
export type ForeignVerdict =
  | { readonly action: "allow" }
  | { readonly action: "ask"; readonly metadata?: { readonly rule: PermissionRule } }
  | { readonly action: "deny"; readonly reason: string };

/** The rules of one run. */
export interface ForeignRules {
  decide(call: ForeignCall): Promise<ForeignVerdict>;
  /** A person allowed calls like this one for the rest of the run. */
  grant(call: ForeignCall): Promise<void>;
}

/** What rules for agents that are not ours stand on. */
export interface ForeignRulesOptions extends CommandSurroundings {
  readonly config: AgentConfig;
  /** The home folder. */
  readonly home: string;
  /** @defaultValue `systemHost` */
  readonly host?: Host;
}

/**
 * The rules of the built-in agent, for what another agent asks: levels, configured rules, grants and the hooks `PreToolUse`.
 * In rules and hooks a tool that runs shell commands is `bash`, one that writes files `edit_file`, every other one has its own
 * name; its files are `path`.
 * @throws `executor_error` when a run is opened, for a file of hooks that cannot be read as meant
 */
export function createForeignRules(options: ForeignRulesOptions): (run: ForeignRun) => Promise<ForeignRules> {
  const { config, home, host = systemHost } = options;
  return async ({ context, cwd, mode, readOnly }) => {
    const workspace = await openWorkspace({ cwd, home, ...(config.tools?.readRoots && { readRoots: config.tools.readRoots }) });
    const hooks = await readHooks(home, workspace.root, createTrust(home).has(workspace.root), noticesOf(context));
    const runHooks = createHooks({
      context,
      commands: await openCommands(context, workspace.home, host, options),
      hooks,
      parts: () => [],
      root: workspace.root,
      session_id: () => context.request.session_id,
      now: host.clock.monotonic,
    });
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
    };
  };
}

const reads = new Set<ToolLevel>(["auto_read", "external_read"]);

/** Our names for what every agent names in its own way. */
const names: Readonly<Record<string, string>> = { execute: "bash", edit: "edit_file" };

/** The call as our rules see one: what it does not tell in words of ours is not taken for harmless. */
async function judged({ call_id, name, kind, level, args, command, paths }: ForeignCall, workspace: Workspace): Promise<JudgedCall> {
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
function withPath({ paths: own, ...args }: ForeignCall["args"], paths: readonly string[]): JudgedCall["args"] {
  if (paths.length === 0) return own === undefined ? args : { ...args, paths: own };
  return { ...args, path: paths.length === 1 ? paths[0] : paths };
}

/** Little more than its kind is known: a grant or a rule for it would hold for whatever else is of that kind. */
function isVague({ name, level, isOpaque, paths }: JudgedCall): boolean {
  return (isOpaque && (name === "bash" || name === "other")) || (level === "confirm_write" && paths.length === 0);
}

function deny(reason: string): ForeignVerdict {
  return { action: "deny", reason };
}
