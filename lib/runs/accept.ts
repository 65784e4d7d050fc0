import type { Caller } from "../caller.js";
import { AnodeError, isAnodeError } from "../errors.js";
import { intersectTools } from "../tool-names.js";
import type { ActiveRun } from "./active-run.js";
import type { Executor, Prepared, Profile } from "./executor.js";
import type { CommandTemplate, NormalRequest, Supports } from "./normal-request.js";
import {
  type ApprovalCeiling,
  assertFreeCommand,
  assertMode,
  boundedMode,
  canonicalMode,
  holdsAdmin,
  isWithinBounds,
  type ProcessPolicy,
} from "./policy.js";
import { executorOf, findProfile, lookUpProfile } from "./profiles.js";
import type { ApprovalMode, Budget, RunRequest } from "./schema.js";

/** Which folders runs may work in; the core itself sees no file system. */
export interface Folders {
  /** Real path of an existing folder. @throws `cwd_not_found` */
  resolve(path: string): Promise<string>;
  /** Whether a real path lies inside the roots for callers without `admin`. */
  allows(realPath: string): boolean;
  /** Where runs work that name no folder. */
  readonly fallback?: string;
}

/** Everything a request is judged by. */
export interface AcceptRules {
  readonly executors: Readonly<Record<string, Executor>>;
  readonly profiles: Readonly<Record<string, Profile>>;
  readonly commands: Readonly<Record<string, CommandTemplate>>;
  readonly defaultProfile: string;
  readonly ceiling: ApprovalCeiling;
  readonly defaultMode: ApprovalMode | undefined;
  readonly budget: Budget | undefined;
  readonly process: ProcessPolicy;
  readonly folders: Folders | undefined;
}

/** What a caller was allowed. */
export interface Permitted {
  readonly profileName: string;
  readonly mode: ApprovalMode;
  readonly cwd: string | undefined;
}

/** A request that may run. */
export interface Accepted {
  readonly request: NormalRequest;
  readonly supports: Supports;
  readonly executor: Executor;
  readonly executorName: string;
}

/** A refusal that is only told when nothing else refuses: the executor is not there. */
export interface Unavailable {
  readonly unavailable: AnodeError;
}

/**
 * Judges what the caller may ask for; the shape of the request is valid. Nearly every start asks for nothing special, and one that
 * waits for nothing is much cheaper.
 * @throws `above_ceiling`, `caller_is_a_run`, `argv_not_allowed`, `scope_required`, `cwd_not_allowed`, `cwd_not_found`
 */
export function judgePermissions(
  request: RunRequest,
  caller: Caller,
  parent: ActiveRun | undefined,
  rules: AcceptRules,
): Permitted | Promise<Permitted> {
  const profileName = request.profile || rules.defaultProfile;
  const mode = canonicalMode(request.approval_mode) ?? defaultMode(rules, profileName);
  const permitted = { profileName, mode, cwd: request.cwd ?? parent?.record.cwd ?? rules.folders?.fallback };
  const isFree = request.argv !== undefined || request.shell !== undefined;
  const isPlaced = request.cwd !== undefined && rules.folders !== undefined;
  const isPlain = isWithinBounds(mode, rules.ceiling, parent?.record.approval_mode) && !isFree && !isPlaced;
  return isPlain ? permitted : judgeSpecial(request, permitted, caller, parent, rules);
}

async function judgeSpecial(
  request: RunRequest,
  { profileName, mode, cwd }: Permitted,
  caller: Caller,
  parent: ActiveRun | undefined,
  rules: AcceptRules,
): Promise<Permitted> {
  const parentMode = parent?.record.approval_mode;
  const isAsked = canonicalMode(request.approval_mode) !== undefined;
  if (isAsked) await assertMode(mode, caller, rules.ceiling, parentMode);
  const bounded = isAsked ? mode : await boundedMode(mode, caller, rules.ceiling, parentMode);
  await assertFreeCommand(request, caller, rules.process);
  const real = request.cwd !== undefined && rules.folders ? await resolveCwd(request.cwd, caller, parent, rules.folders) : cwd;
  return { profileName, mode: bounded, cwd: real };
}

/**
 * Finds what the request names and lets the executor judge it.
 * @throws the refusals of references: 409, 422, 501, and those of the executor's `prepare`
 */
export function resolveReferences(
  request: RunRequest,
  permitted: Permitted,
  caller: Caller,
  parent: ActiveRun | undefined,
  rules: AcceptRules,
): Accepted | Unavailable | Promise<Accepted | Unavailable> {
  const { name, profile } = findProfile(rules.profiles, permitted.profileName);
  const template = findTemplate(request, profile, rules.commands);
  const isProcess = template !== undefined || request.argv !== undefined || request.shell !== undefined;
  const executorName = isProcess ? "process" : executorOf(profile);
  const normal = normalize(request, { ...permitted, name, profile, template, caller, parent, budget: rules.budget });
  const executor = Object.hasOwn(rules.executors, executorName) ? rules.executors[executorName] : undefined;
  if (!executor) return { unavailable: executorMissing(executorName) };
  const accepted = ({ supports, request: prepared }: Prepared): Accepted => {
    assertSupported(request, prepared.budget, parent?.request.tools, supports, executorName);
    return { request: prepared, supports, executor, executorName };
  };
  return executor.prepare ? prepare(executor, normal, profile, accepted) : accepted({ supports: executor.supports, request: normal });
}

async function prepare(
  executor: Executor,
  normal: NormalRequest,
  profile: Profile,
  accepted: (prepared: Prepared) => Accepted,
): Promise<Accepted | Unavailable> {
  try {
    return accepted((await executor.prepare?.(normal, profile)) as Prepared);
  } catch (error) {
    if (isAnodeError(error) && error.code === "executor_unavailable") return { unavailable: error };
    throw error;
  }
}

/** What a request gets that names no mode, as far as its caller may have it. */
function defaultMode(rules: AcceptRules, profileName: string): ApprovalMode {
  return lookUpProfile(rules.profiles, profileName)?.profile.approval_mode ?? rules.defaultMode ?? "ask";
}

async function resolveCwd(cwd: string, caller: Caller, parent: ActiveRun | undefined, folders: Folders): Promise<string> {
  const real = await folders.resolve(cwd);
  if (folders.allows(real) || real === parent?.record.cwd || (await holdsAdmin(caller))) return real;
  throw new AnodeError("cwd_not_allowed", "cwd must lie inside an allowed root.", {
    details: { hint: "Add the folder to daemon.cwd_roots, or start the run over the Unix socket." },
  });
}

function findTemplate(request: RunRequest, profile: Profile, commands: AcceptRules["commands"]): CommandTemplate | undefined {
  const reference = profile.executor;
  const named = typeof reference === "object" && reference.kind === "process" ? reference["command"] : undefined;
  const command = request.command ?? (request.argv || request.shell || typeof named !== "string" ? undefined : named);
  if (command === undefined) return undefined;
  const template = Object.hasOwn(commands, command) ? commands[command] : undefined;
  if (template) return template;
  throw new AnodeError("unknown_command", `There is no command ${JSON.stringify(command.slice(0, 64))}.`, {
    details: { hint: `Known commands: ${Object.keys(commands).join(", ") || "none"}. Add it to daemon.commands in the configuration.` },
  });
}

interface Found extends Permitted {
  readonly name: string;
  readonly profile: Profile;
  readonly template: CommandTemplate | undefined;
  readonly caller: Caller;
  readonly parent: ActiveRun | undefined;
  readonly budget: Budget | undefined;
}

function normalize(request: RunRequest, found: Found): NormalRequest {
  const { template, parent, profile } = found;
  const inherited = parent?.request;
  const normal: Record<string, unknown> = {
    ...request,
    prompt: request.prompt ?? displayCommand(request, template),
    profile: found.name,
    approval_mode: found.mode,
    key: request.key ?? inherited?.key ?? keyOf(found.caller),
    priority: request.priority ?? 0,
  };
  set(normal, "model", request.model || profile.model || undefined);
  set(normal, "max_turns", request.max_turns || profile.max_turns || undefined);
  set(normal, "cwd", (request.cwd === undefined && template?.cwd) || found.cwd);
  set(normal, "tools", childTools(request.tools, inherited?.tools) ?? profile.tools);
  set(normal, "approval", request.approval ?? inherited?.approval);
  set(normal, "metadata", request.metadata ?? inherited?.metadata);
  set(normal, "budget", budgetOf(request.budget ?? found.budget, template));
  if (parent) {
    normal["parent_id"] = parent.id;
    normal["cancel_policy"] = request.cancel_policy ?? "cascade";
  }
  if (template) normal["template"] = template;
  // To a command its own display form is no input.
  if (request.prompt !== undefined && (template || request.argv || request.shell)) normal["prompt_given"] = true;
  return normal as unknown as NormalRequest;
}

/** What is unknown is absent. */
function set(normal: Record<string, unknown>, field: string, value: unknown): void {
  if (value !== undefined) normal[field] = value;
  else if (field in normal) delete normal[field];
}

function budgetOf(budget: Budget | undefined, template: CommandTemplate | undefined): Budget | undefined {
  if (template?.timeout_ms !== undefined) return { wall_ms: template.timeout_ms, ...budget };
  return budget && Object.keys(budget).length > 0 ? budget : undefined;
}

/** A child never has more tools than its parent. */
function childTools(asked: RunRequest["tools"], inherited: RunRequest["tools"]): RunRequest["tools"] {
  return asked && inherited ? intersectTools(asked, inherited) : (asked ?? inherited);
}

/** A caller's id is its default fairness key, as far as it is one. */
function keyOf(caller: Caller): string {
  return caller.id.replaceAll(/[^A-Za-z0-9_.:/@-]/g, "_").slice(0, 128);
}

function displayCommand(request: RunRequest, template: CommandTemplate | undefined): string {
  const argv = request.argv ?? (request.shell === undefined ? template?.argv : undefined);
  if (!argv) return request.shell ?? "";
  return argv.map((item) => (/^[\w@%+=:,./-]+$/.test(item) ? item : `'${item.replaceAll("'", "'\\''")}'`)).join(" ");
}

/** Options of a request, and the ability each needs. */
const needed: readonly (readonly [
  option: "model" | "max_turns" | "session_id" | "tools" | "pty" | "keep_open",
  ability: keyof Supports,
])[] = [
  ["model", "model"],
  ["max_turns", "maxTurns"],
  ["session_id", "session"],
  ["tools", "tools"],
  ["pty", "pty"],
  ["keep_open", "queue"],
];

/** Only what was asked for is refused; what a profile merely prefers is not. What the parent is limited to holds for the child. */
function assertSupported(
  request: RunRequest,
  budget: Budget | undefined,
  inheritedTools: readonly string[] | undefined,
  supports: Supports,
  executor: string,
): void {
  for (const [option, ability] of needed) {
    const asked = request[option] || (option === "tools" && inheritedTools);
    if (!asked || supports[ability]) continue;
    throw new AnodeError("unsupported_option", `${option} is not supported by the executor ${executor}.`, {
      details: { option, executor },
    });
  }
  assertMeasured("tokens", budget?.tokens, supports.tokens, executor);
  assertMeasured("cost_usd", budget?.cost_usd, supports.cost, executor);
}

function assertMeasured(name: string, limit: number | undefined, isMeasured: boolean, executor: string): void {
  if (limit === undefined || isMeasured) return;
  throw new AnodeError("budget_unsupported", `budget.${name} cannot be measured by the executor ${executor}.`, {
    details: { budget: name },
  });
}

function executorMissing(name: string): AnodeError {
  const room = name === "process" ? "node" : name;
  const factory = { agent: "createAgentExecutor", process: "createProcessExecutor", acp: "createAcpExecutor" }[name];
  const hint = factory
    ? `Register ${factory}() of anode-daemon/${room} under the name ${name}, or name a profile whose executor is registered.`
    : `Register an executor under the name ${name}, or name a profile whose executor is registered.`;
  return new AnodeError("executor_unavailable", `The executor ${name} is not there.`, {
    details: { package: `anode-daemon/${room}`, hint },
  });
}
