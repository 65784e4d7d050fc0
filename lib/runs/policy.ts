import { type Caller, hasScope } from "../caller.js";
import { AnodeError } from "../errors.js";
import type { ApprovalMode, RunRequest } from "./schema.js";

/** The upper bound of the approval mode, by what the caller may do. */
export interface ApprovalCeiling {
  readonly admin: ApprovalMode;
  readonly other: ApprovalMode;
}

/** Which callers may name free commands. */
export interface ProcessPolicy {
  /** `socket` = in process and over the Unix socket, `admin` = over TCP too. @defaultValue "socket" */
  readonly argv: "socket" | "admin" | "off";
  /** Allows `shell`. @defaultValue false */
  readonly shell: boolean;
}

const rank: Record<ApprovalMode, number> = { ask: 0, auto: 1, unrestricted: 2 };

/** The stricter of two modes. */
export function stricter(a: ApprovalMode, b: ApprovalMode): ApprovalMode {
  return rank[a] <= rank[b] ? a : b;
}

/** The mode's name in a record; the alias and "not given" are resolved. */
export function canonicalMode(mode: RunRequest["approval_mode"]): ApprovalMode | undefined {
  if (mode === undefined || mode === "") return undefined;
  return mode === "yolo" ? "unrestricted" : mode;
}

/** Whether the caller may use `admin` powers now; a token-less TCP caller has to prove where it comes from, each time. */
export async function holdsAdmin(caller: Caller): Promise<boolean> {
  if (!hasScope(caller, "admin") || caller.run_id !== undefined) return false;
  return caller.prove ? caller.prove() : true;
}

/** Whether anybody may ask for the mode, whoever it is. */
export function isWithinBounds(mode: ApprovalMode, ceiling: ApprovalCeiling, parentMode: ApprovalMode | undefined): boolean {
  return rank[mode] <= rank[ceiling.other] && (parentMode === undefined || rank[mode] <= rank[parentMode]);
}

/** The mode, or as much of it as the caller may have: for what nobody asked for, so that nobody is refused over it. */
export async function boundedMode(
  mode: ApprovalMode,
  caller: Caller,
  ceiling: ApprovalCeiling,
  parentMode: ApprovalMode | undefined,
): Promise<ApprovalMode> {
  let bound = ceiling.other;
  // The proof costs a look at the process table: only a mode that needs the power asks for it.
  if (rank[mode] > rank[bound] && (await holdsAdmin(caller))) bound = ceiling.admin;
  return stricter(mode, parentMode === undefined ? bound : stricter(bound, parentMode));
}

/** @throws `above_ceiling`, `caller_is_a_run` */
export async function assertMode(
  mode: ApprovalMode,
  caller: Caller,
  ceiling: ApprovalCeiling,
  parentMode: ApprovalMode | undefined,
): Promise<void> {
  const bound = await boundedMode(mode, caller, ceiling, parentMode);
  if (bound === mode) return;
  if (caller.prove && parentMode === undefined && rank[mode] <= rank[ceiling.admin]) throw callerIsARun("a mode above the ceiling");
  throw new AnodeError("above_ceiling", `approval_mode must be at most ${bound} for this caller, got ${mode}.`, {
    details: { ceiling: bound },
  });
}

/** @throws `argv_not_allowed`, `scope_required`, `caller_is_a_run` */
export async function assertFreeCommand(request: RunRequest, caller: Caller, policy: ProcessPolicy): Promise<void> {
  if (request.argv === undefined && request.shell === undefined) return;
  const refuse = (detail: string): never => {
    throw new AnodeError("argv_not_allowed", detail, { details: { hint: "Name a command of the configuration instead." } });
  };
  if (caller.run_id !== undefined) refuse("A run may not start free commands.");
  if (policy.argv === "off") refuse("Free commands are off.");
  if (policy.argv === "socket" && caller.door === "tcp") refuse("Free commands are only for the Unix socket.");
  if (request.shell !== undefined && !policy.shell) refuse("shell is not enabled.");
  if (!hasScope(caller, "admin")) {
    throw new AnodeError("scope_required", "A free command needs the scope admin.", { details: { scope: "admin" } });
  }
  if (!(await holdsAdmin(caller))) throw callerIsARun("a free command");
}

function callerIsARun(what: string): AnodeError {
  return new AnodeError("caller_is_a_run", `Without a token ${what} is only for a process that is no run's.`, {
    details: { hint: "Use the Unix socket or a token." },
  });
}
