import { AnodeError, isAnodeError } from "../errors.js";
import type { Clock } from "../host.js";
import type { Permissions } from "../permissions/schema.js";
import type { Outcome, RunContext } from "../runs/executor.js";
import { type AgentLink, LinkClosed, openLink } from "./agent-link.js";
import type { AgentMode } from "./agents.js";
import { answerElicitation } from "./elicitation.js";
import type { Closing, LaunchedAgent } from "./launch.js";
import { type AgentSession, openSession } from "./open-session.js";
import type { AgentMcpServer } from "./mcp-servers.js";
import { createOutbox, type Outbox } from "./outbox.js";
import { outcomeOfError } from "./outcome.js";
import { answerPermission } from "./permission-request.js";
import { converse } from "./prompts.js";
import type { AgentDefinition } from "./schema.js";
import type { Sdk } from "./sdk.js";
import type { SessionHold } from "./session-hold.js";
import { createToolCalls } from "./tool-calls.js";
import { createUpdates } from "./updates.js";
import { createUsageMeter } from "./usage.js";
import { createWorkspaceFiles } from "./workspace-files.js";

/** What one run with an agent is made of. */
export interface AgentRun {
  readonly sdk: Sdk;
  readonly agent: AgentDefinition;
  readonly name: string;
  readonly mode: AgentMode;
  readonly cwd: string;
  /** Keeps the session for this run alone. */
  readonly hold: SessionHold;
  /** Folders the agent shall not reach through us either. */
  readonly closed: readonly string[];
  readonly permissions: Permissions;
  readonly mcpServers: readonly AgentMcpServer[];
  readonly clock: Clock;
  readonly graceMs: number;
  readonly killMs: number;
  /** Where the run takes place, for `system.init`. */
  readonly surroundings: "headless" | "daemon" | "embedded";
  launch(stray: (text: string) => void): Promise<LaunchedAgent>;
}

/** Runs an agent from its launch to its end. */
export async function runAgent(context: RunContext, run: AgentRun): Promise<Outcome> {
  context.signal.throwIfAborted();
  const { session_id } = context.request;
  if (session_id !== undefined) run.hold.take(session_id);
  try {
    return await launchAndTalk(context, run);
  } finally {
    // An agent may write into its session until it has gone.
    run.hold.release();
  }
}

async function launchAndTalk(context: RunContext, run: AgentRun): Promise<Outcome> {
  const outbox = createOutbox(context);
  const launched = await run.launch((text) => outbox.emit("agent.raw", { source: "stdout", data: text }));
  let closing = orderly(run);
  try {
    return await talkTo(context, run, launched, outbox);
  } catch (error) {
    if (error instanceof LinkClosed && !context.signal.aborted)
      return { status: "failed", stop_reason: "error", error_code: "agent_exited", error: await lastWords(run, launched) };
    const outcome = outcomeOfError(error);
    if (!outcome) throw error;
    return outcome;
  } finally {
    if (context.signal.aborted) closing = hasty(run, context.signal);
    await launched.close(closing);
    await outbox.settled();
  }
}

/** The conversation, from hello to the last prompt. */
async function talkTo(context: RunContext, run: AgentRun, launched: LaunchedAgent, outbox: Outbox): Promise<Outcome> {
  const { sdk, agent, clock, cwd, permissions } = run;
  const calls = createToolCalls(outbox, clock);
  const usage = createUsageMeter(outbox, agent.supports?.tokens ?? false);
  const updates = createUpdates({ outbox, calls, usage });
  const files = createWorkspaceFiles(cwd, run.closed);
  let isOpen = false;
  let heardMs = clock.monotonic();
  const link = openLink(sdk, launched.stream, {
    update(params) {
      heardMs = clock.monotonic();
      if (isOpen) updates.see(params);
      else updates.replayed(params);
    },
    stray: updates.stray,
    room: outbox.room,
    permission: (request) =>
      answerPermission(request, {
        context,
        outbox,
        calls,
        permissions,
        see: updates.call,
        allowed: ({ paths }) => void files.grant(paths),
      }),
    elicitation: (request) => answerElicitation(request, context),
    readFile: (request) => files.read(request),
    writeFile: (request) => files.write(request),
  });
  try {
    const session = await inTime(context, run, openSession(link, sessionRequest(context, run)));
    run.hold.take(session.id);
    if (session.tellsPast) await silence(clock, () => heardMs);
    isOpen = true;
    tellStart(context, run, session, outbox);
    const outcome = await converse({ context, link, session, outbox, updates, calls, usage, clock, cancelMs: run.graceMs / 2 });
    if (session.canClose && !context.signal.aborted) await closeSession(link, session, clock);
    const permission_denials = calls.denials;
    return { session_id: session.id, ...(permission_denials.length > 0 && { permission_denials }), ...outcome };
  } finally {
    link.close();
  }
}

function sessionRequest({ request: { model, session_id } }: RunContext, { agent, cwd, mcpServers, mode }: AgentRun) {
  return {
    agent,
    cwd,
    mcpServers,
    mode: mode.id,
    ...(model !== undefined && { model }),
    ...(session_id !== undefined && { resume: session_id }),
  };
}

/** The session, unless it takes too long or the run is to end. */
function inTime<Value>({ signal }: RunContext, { agent, clock, name }: AgentRun, opening: Promise<Value>): Promise<Value> {
  const limitMs = agent.start_timeout_ms ?? startTimeoutMs;
  return new Promise((resolve, reject) => {
    const end = clock.schedule(
      () => reject(new AnodeError("executor_error", `The agent ${name} had no session open within ${limitMs} ms.`)),
      limitMs,
    );
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    opening.then(resolve, reject).finally(() => {
      end();
      signal.removeEventListener("abort", onAbort);
    });
  });
}

const startTimeoutMs = 30_000;

const silenceMs = 100;
const pastMs = 2_000;

/** Waits until the agent has said nothing for a while: it may tell of the past beyond its answer. */
async function silence(clock: Clock, heardMs: () => number): Promise<void> {
  const beganMs = clock.monotonic();
  for (;;) {
    const restMs = heardMs() + silenceMs - clock.monotonic();
    if (restMs <= 0 || clock.monotonic() - beganMs > pastMs) return;
    await new Promise<void>((resolve) => clock.schedule(resolve, restMs));
  }
}

function tellStart(context: RunContext, run: AgentRun, session: AgentSession, outbox: Outbox): void {
  const { request } = context;
  outbox.emit("system.init", {
    profile_name: request.profile,
    ...(session.model !== undefined && { active_model: session.model }),
    web_enabled: false,
    tools: [],
    permission: { context: run.surroundings, approval_mode: request.approval_mode },
    cwd: run.cwd,
    executor: "acp",
    session_id: session.id,
    ...(session.agent && { agent: session.agent }),
    ...(session.mcpServers.length > 0 && { mcp_servers: session.mcpServers }),
  });
  if (run.mode.asks) return;
  outbox.emit("system.notice", {
    level: "info",
    code: "mode_never_asks",
    text: `The agent ${run.name} never asks in its mode ${run.mode.id}.`,
  });
}

async function closeSession(link: AgentLink, session: AgentSession, clock: Clock): Promise<void> {
  const closed = link.request("session/close", { sessionId: session.id }).catch(() => {});
  await Promise.race([closed, new Promise<void>((resolve) => clock.schedule(resolve, closeMs))]);
}

const closeMs = 1_000;
const leaveMs = 1_500;

/** How an agent is ended that has done its work. */
function orderly({ graceMs, killMs }: AgentRun): Closing {
  return { by: "sweep", patienceMs: leaveMs, politeMs: graceMs, killMs };
}

/** How it is ended when the run is to end: all within what remains of the grace. */
function hasty({ graceMs, killMs }: AgentRun, signal: AbortSignal): Closing {
  const by = isAnodeError(signal.reason) ? signal.reason.code : "canceled";
  return { by, patienceMs: Math.min(leaveMs, graceMs / 4), politeMs: graceMs / 5, killMs: Math.max(0, killMs - 250) };
}

/** Why the line broke: the process ended, or it closed its output without ending. */
function lastWords({ clock }: AgentRun, launched: LaunchedAgent): Promise<string> {
  const silent = new Promise<string>((resolve) => clock.schedule(() => resolve("The agent closed its output and went on."), closeMs));
  return Promise.race([launched.gone, silent]);
}
