import type { RunContext } from "../runs/executor.js";
import type { ApprovalMode } from "../runs/schema.js";

/** How far a tool's effect reaches; decides whether it is asked for. */
export type ToolLevel =
  | "auto_read"
  | "external_read"
  | "state_write"
  | "confirm_execute"
  | "confirm_write"
  | "delegated"
  | "interactive"
  | "unavailable";

/** What the rules know of a call that an agent asks for. */
export interface PermissionCall {
  readonly call_id: string;
  readonly name: string;
  readonly level: ToolLevel;
  readonly args: Readonly<Record<string, unknown>>;
  /** What kind of tool it is, as the agent tells it. */
  readonly kind?: string;
  /** The command line of one of kind `execute`, as far as the agent tells it. */
  readonly command?: string;
  /** The files the call names. */
  readonly paths: readonly string[];
}

/** The run in which a call is asked for. */
export interface PermissionRun {
  readonly context: RunContext;
  readonly mode: ApprovalMode;
  readonly cwd: string;
  readonly readOnly: boolean;
}

/** What the rules say of a call; `metadata` goes with the question. */
export type Verdict =
  | { readonly action: "allow" }
  | { readonly action: "ask"; readonly metadata?: Readonly<Record<string, unknown>> }
  | { readonly action: "deny"; readonly reason: string };

/** The rules of one run. */
export interface Permissions {
  decide(call: PermissionCall): Verdict | Promise<Verdict>;
  /** A person allowed calls like this one for the rest of the run. */
  grant(call: PermissionCall): void | Promise<void>;
  /** The run is over. */
  close?(): Promise<void>;
}

/** Opens the rules for a run. */
export type OpenPermissions = (run: PermissionRun) => Permissions | Promise<Permissions>;
