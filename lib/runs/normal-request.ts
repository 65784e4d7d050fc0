import type { ApprovalMode, RunRequest } from "./schema.js";

/** What an executor can do for a run. What is false is refused at the start by name, never ignored. */
export interface Supports {
  readonly questions: boolean;
  readonly steer: boolean;
  readonly queue: boolean;
  readonly model: boolean;
  readonly maxTurns: boolean;
  readonly session: boolean;
  readonly tools: boolean;
  readonly pty: boolean;
  readonly tokens: boolean;
  readonly cost: boolean;
}

/** Nothing is supported; spread it and set what is. */
export const supportsNothing: Supports = {
  questions: false,
  steer: false,
  queue: false,
  model: false,
  maxTurns: false,
  session: false,
  tools: false,
  pty: false,
  tokens: false,
  cost: false,
};

/** How a named command is run: what the operator wrote, never anything of a request. */
export interface CommandTemplate {
  readonly argv: readonly string[];
  /** @defaultValue "stdin" */
  readonly prompt_via?: "stdin" | "arg" | "none";
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly env_pass?: readonly string[];
  /** @defaultValue [0] */
  readonly success_exit_codes?: readonly number[];
  readonly pty?: boolean;
  /** Keeps stdin open for follow-up input. */
  readonly input?: boolean;
  /** @defaultValue "lines" */
  readonly output?: "lines" | "events";
  /** A default `wall_ms`. */
  readonly timeout_ms?: number;
}

/** The request in normal form, as an executor sees it: defaults filled in, references resolved. */
export interface NormalRequest extends Omit<RunRequest, "approval_mode" | "prompt" | "profile" | "key" | "priority"> {
  readonly prompt: string;
  /** True when the caller gave a prompt; otherwise `prompt` is the display form of the command and no input for it. */
  readonly prompt_given?: boolean;
  readonly profile: string;
  readonly approval_mode: ApprovalMode;
  readonly key: string;
  readonly priority: number;
  /** The template of the named command, when `command` is set. */
  readonly template?: CommandTemplate;
  /** The foreign agent that the profile names, once its executor has prepared the request. */
  readonly agent?: string;
  /** The run changes nothing; set by the executor's `prepare` after the profile. */
  readonly read_only?: boolean;
}
