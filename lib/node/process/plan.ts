import { AnodeError } from "../../errors.js";
import type { NormalRequest } from "../../runs/normal-request.js";
import type { Environment } from "../home-folder.js";
import { childEnvironment } from "./environment.js";

/** A request as the one process it means. */
export interface Plan {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Written to its input at the start. */
  readonly input?: string;
  /** Its input stays open for more. */
  readonly interactive: boolean;
  readonly terminal: boolean;
  /** Lines of standard output are events. */
  readonly speaksEvents: boolean;
  readonly successCodes: readonly number[];
}

/** What of the surroundings goes into a plan. */
export interface Surroundings {
  readonly baseEnv: Environment;
  readonly cwd: string;
  /** Variables of ours for this run. */
  readonly own: Readonly<Record<string, string>>;
}

/**
 * What to start for a request. Nothing of it is ever put into another argument or a shell's text.
 * @throws `unknown_command` for a request without a command
 */
export function planRun(request: NormalRequest, around: Surroundings): Plan {
  const { template, env: requested } = request;
  const terminal = wantsTerminal(request);
  const interactive = terminal || template?.input === true;
  const input = inputOf(request);
  return {
    argv: argvOf(request),
    cwd: request.cwd ?? template?.cwd ?? around.cwd,
    env: childEnvironment({
      base: around.baseEnv,
      own: around.own,
      ...(template?.env_pass && { pass: template.env_pass }),
      ...(template?.env && { defined: template.env }),
      ...(requested && { requested }),
    }),
    // To a program that goes on listening, the prompt is its first line.
    ...(input !== undefined && { input: interactive && !input.endsWith("\n") ? `${input}\n` : input }),
    interactive,
    terminal,
    speaksEvents: template?.output === "events",
    successCodes: template?.success_exit_codes ?? [0],
  };
}

/** True when the request or its command needs a terminal. */
export function wantsTerminal(request: NormalRequest): boolean {
  return request.pty ?? request.template?.pty ?? false;
}

function argvOf(request: NormalRequest): readonly string[] {
  const { argv, shell, template } = request;
  if (argv) return argv;
  if (shell !== undefined) return ["/bin/sh", "-c", shell];
  if (!template) throw new AnodeError("unknown_command", "A process needs argv, shell or the name of a command, and the request has none.");
  // After --, so that a prompt is never taken for an option.
  return template.prompt_via === "arg" && request.prompt_given ? [...template.argv, "--", request.prompt] : template.argv;
}

function inputOf(request: NormalRequest): string | undefined {
  if (request.stdin !== undefined) return request.stdin;
  if (!request.prompt_given) return undefined;
  return (request.template?.prompt_via ?? "stdin") === "stdin" ? request.prompt : undefined;
}
