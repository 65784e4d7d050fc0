import type { NormalRequest, Supports } from "./normal-request.js";
import type { CancelPolicy, RunOrigin, RunStatus, RunSummary, StopReason, Usage } from "./schema.js";

/** A call of a tool that was not allowed to run. */
export interface PermissionDenial {
  readonly call_id: string;
  readonly tool: string;
  readonly reason: string;
}

/** How a run ended; like the next one no interface, for payloads are objects with any members. */
export type EndPayload = {
  readonly stop_reason: StopReason;
  readonly duration_ms?: number;
  readonly result?: string;
  readonly error?: string;
  readonly error_code?: string;
  readonly num_turns?: number;
  readonly usage?: Usage;
  readonly cost_usd?: number;
  readonly exit_code?: number;
  readonly signal?: string;
  readonly session_id?: string;
  readonly permission_denials?: readonly PermissionDenial[];
  /** The executor ignored the abort. */
  readonly forced?: boolean;
  /** Who canceled the run, and why. */
  readonly by?: string;
  readonly reason?: string;
};

/** The accepted request in normal form, without what is secret in it. */
export type QueuedPayload = Omit<NormalRequest, "env" | "stdin" | "template" | "run_label"> & {
  readonly label: string;
  readonly executor: string;
  readonly origin: RunOrigin;
  readonly supports: Supports;
  readonly caller: { readonly id: string; readonly door: string };
  readonly env_names?: readonly string[];
  readonly stdin_bytes?: number;
  /** Secrets were taken out of it. */
  readonly redacted?: boolean;
};

/** Text of an agent: one message or one block of reasoning, whole. */
export interface TextPayload {
  readonly message_id: string;
  readonly text: string;
  /** From 1. */
  readonly turn?: number;
}

/** A place in a file; `line` from 1. */
export interface FileLocation {
  readonly path: string;
  readonly line?: number;
}

/** A piece of growing text. */
export interface DeltaPayload {
  readonly message_id: string;
  /** UTF-16 units of the text before this piece. */
  readonly offset: number;
  readonly text: string;
}

/** What the events of runs carry, by type. */
export interface RunEventPayloads {
  /** On the feed: the run's status has changed. */
  "run.state": {
    readonly run_id: string;
    /** Absent for a run that is new. */
    readonly from?: RunStatus;
    readonly to: RunStatus;
    readonly origin: RunOrigin;
    readonly profile: string;
    readonly label: string;
    readonly parent_id?: string;
    readonly stop_reason?: StopReason;
  };
  "run.queued": QueuedPayload;
  "run.started": { readonly wait_ms: number };
  "run.cancel_requested": { readonly by: string; readonly reason?: string };
  "run.completed": EndPayload;
  "run.failed": EndPayload;
  "run.canceled": EndPayload;
  "run.interrupted": EndPayload;
  "run.child_started": {
    readonly child_id: string;
    readonly profile: string;
    readonly label: string;
    readonly cancel_policy: CancelPolicy;
  };
  "run.child_ended": { readonly child_id: string; readonly status: RunStatus; readonly stop_reason?: StopReason };
  "run.idle": object;
  "budget.warning": { readonly name: string; readonly used: number; readonly limit: number };
  "input.accepted": { readonly input_id: string; readonly delivery: "queue" | "steer"; readonly text: string; readonly by: string };
  "input.delivered": { readonly input_id: string };
  "input.completed": { readonly input_id: string; readonly result?: string };
  "input.withdrawn": { readonly input_id: string; readonly by: string };
  "input.dropped": { readonly input_id: string; readonly reason: string };
  "system.init": {
    readonly profile_name: string;
    readonly active_model?: string;
    readonly web_enabled: boolean;
    readonly tools: readonly string[];
    readonly permission: { readonly context: "headless" | "daemon" | "embedded"; readonly approval_mode: string };
    readonly cwd: string;
    readonly executor: string;
    readonly session_id?: string;
    readonly agent?: { readonly name: string; readonly version?: string };
    readonly mcp_servers?: readonly { readonly name: string; readonly status: string }[];
  };
  /** Events that are no longer kept; of a run with its record as it is now. */
  "system.gap": { readonly from_seq: number; readonly to_seq: number; readonly reason: string; readonly summary?: RunSummary };
  "user.message": { readonly message_id: string; readonly text: string; readonly input_id?: string };
  "turn.started": { readonly turn: number };
  "turn.completed": {
    readonly turn: number;
    readonly finish_reason: string;
    /** What the model told. */
    readonly usage?: Partial<Usage>;
    readonly duration_ms: number;
  };
  "assistant.message": TextPayload;
  "reasoning.message": TextPayload;
  "tool.call": {
    readonly call_id: string;
    readonly name: string;
    readonly args: object;
    readonly level: string;
    readonly title?: string;
    readonly kind?: string;
    readonly locations?: readonly FileLocation[];
    readonly invalid?: boolean;
  };
  "tool.updated": {
    readonly call_id: string;
    readonly title?: string;
    readonly args?: object;
    readonly locations?: readonly FileLocation[];
    /** What a rule decided where nobody was asked. */
    readonly decision?: "allow" | "deny";
    readonly decided_by?: "policy";
  };
  "tool.result": {
    readonly call_id: string;
    readonly name: string;
    readonly ok: boolean;
    readonly output?: unknown;
    readonly error?: string;
    readonly denied?: boolean;
    readonly deny_reason?: string;
    readonly duration_ms?: number;
    readonly exit_code?: number;
  };
  "file.changed": {
    readonly path: string;
    readonly change: "created" | "modified" | "deleted";
    readonly call_id?: string;
    /** Lines. */
    readonly added?: number;
    readonly removed?: number;
  };
  "plan.updated": { readonly entries: readonly { readonly content: string; readonly status: string; readonly priority?: string }[] };
  "usage.updated": Partial<Usage> & {
    readonly cost_usd?: number;
    /** Tokens in the model's window, and how many it has. */
    readonly context?: { readonly used?: number; readonly size?: number };
  };
  "model.retry": {
    readonly attempt: number;
    readonly max_attempts: number;
    readonly delay_ms: number;
    readonly reason: string;
    readonly status_code?: number;
  };
  "context.compacted": {
    readonly trigger: "threshold" | "overflow" | "agent";
    readonly before_tokens?: number;
    readonly after_tokens?: number;
  };
  "hook.result": {
    readonly event: string;
    readonly command: string;
    readonly exit_code?: number;
    readonly decision: "allow" | "reject" | "error";
    readonly reason?: string;
    readonly duration_ms: number;
  };
  "check.started": { readonly name: string; readonly severity: string };
  "check.completed": { readonly name: string; readonly severity: string; readonly findings: unknown };
  "session.saved": { readonly session_id: string; readonly archived?: boolean };
  "process.started": {
    readonly pid: number;
    readonly start_ticks: number;
    readonly boot_id: string;
    readonly argv: readonly string[];
    readonly cwd: string;
    readonly containment: string;
    readonly env_names: readonly string[];
  };
  "process.exited": {
    readonly exit_code?: number;
    readonly signal?: string;
    readonly inferred?: boolean;
    readonly leaked?: readonly { readonly pid: number; readonly name: string }[];
  };
  "process.output": { readonly stream: "stdout" | "stderr" | "tty"; readonly text: string; readonly partial?: boolean };
  "process.signal": { readonly signal: string; readonly by: string; readonly targets: number };
  "agent.raw": { readonly source: string; readonly data: unknown };
  "assistant.delta": DeltaPayload;
  "reasoning.delta": DeltaPayload;
  "tool.delta": { readonly call_id: string; readonly stream?: string; readonly offset: number; readonly text: string };
}

declare module "../events/event-payloads.js" {
  interface EventPayloads extends RunEventPayloads {}
}
