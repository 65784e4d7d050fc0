import { AnodeError } from "../errors.js";
import type { Prepared, Profile } from "../runs/executor.js";
import { type NormalRequest, type Supports, supportsNothing } from "../runs/normal-request.js";
import { modeOf } from "./agents.js";
import { findCommand } from "./find-command.js";
import type { AgentDefinition } from "./schema.js";

/** The agents there are, and where their commands are looked for. */
export interface PrepareParts {
  readonly agents: Readonly<Record<string, AgentDefinition>>;
  readonly searchPath: string | undefined;
  /** False when agents are connected by the embedder. */
  readonly needsCommand: boolean;
}

/**
 * Judges a request for the agent its profile names.
 * @throws `unknown_agent`, `agent_not_installed`, `unsupported_option`
 */
export function prepareAgent(request: NormalRequest, profile: Profile, parts: PrepareParts): Prepared {
  const name = nameOf(request, profile);
  const agent = findAgent(parts.agents, name);
  const readOnly = profile["readOnly"] === true || request.read_only === true;
  const mode = modeOf(agent, name, request.approval_mode, readOnly);
  if (parts.needsCommand) assertInstalled(name, agent, parts.searchPath);
  const supports = supportsOf(agent, mode.asks);
  // What the profile merely prefers and the agent cannot do is left out, so that the record tells the truth.
  const { model, max_turns: _turns, tools: _tools, ...rest } = request;
  return {
    supports,
    request: { ...rest, agent: name, ...(readOnly && { read_only: true }), ...(model !== undefined && supports.model && { model }) },
  };
}

/** What a run with the agent can do. */
export function supportsOf(agent: AgentDefinition, asks: boolean): Supports {
  const { session = false, steer = false, tokens = false, cost = false } = agent.supports ?? {};
  return { ...supportsNothing, questions: asks, queue: true, steer, session, tokens, cost, model: agent.model_option !== undefined };
}

/** @throws `unknown_agent` */
export function findAgent(agents: Readonly<Record<string, AgentDefinition>>, name: string): AgentDefinition {
  const agent = Object.hasOwn(agents, name) ? agents[name] : undefined;
  if (agent && agent.enabled !== false) return agent;
  throw new AnodeError("unknown_agent", `There is no agent ${JSON.stringify(name.slice(0, 64))}${agent ? ": it is disabled" : ""}.`, {
    details: { hint: `Known agents: ${Object.keys(agents).join(", ")}.` },
  });
}

function nameOf(request: NormalRequest, { executor }: Profile): string {
  const named = typeof executor === "object" ? executor["agent"] : undefined;
  return typeof named === "string" ? named : request.profile;
}

function assertInstalled(name: string, { argv: [command = ""], install }: AgentDefinition, searchPath: string | undefined): void {
  if (findCommand(command, searchPath) !== undefined) return;
  throw new AnodeError("agent_not_installed", `The agent ${name} is not installed: its command ${command} was not found in PATH.`, {
    details: { agent: name, ...(install !== undefined && { hint: install }) },
  });
}
