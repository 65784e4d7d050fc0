import { readApprovalConfig } from "../approval-hook/approval-config.js";
import { isGated, type Runtime, runtimes } from "../approval-hook/runtimes.js";
import { readToolCall } from "../approval-hook/tool-call.js";
import { type ToolQuestion, toToolQuestion } from "../approval-hook/tool-question.js";
import { type CommandLine, misuse } from "../command-line.js";
import type { Command, Context } from "../context.js";
import { withClient } from "../open-client.js";

/** The one exit code that stops a tool call. */
const blocked = 2;
const defaultWaitMs = 45_000;
/** Beyond the wait; the runtime's own patience is far longer, for what it kills goes on. */
const graceMs = 5_000;

/**
 * `anode hook pretooluse`: asks whoever approves before an agent's tool runs. Nothing but a recorded allow lets the call go
 * on: every failure, whatever it is, ends with the exit code that blocks, and the true reason on standard error.
 */
export const run: Command = async (line, context) => {
  const block = (error: unknown): number => {
    context.output.fail(error);
    return blocked;
  };
  // What is thrown beside the way here would end the program with a code that lets the call go on.
  const end = (error: unknown): void => process.exit(block(error));
  process.on("uncaughtException", end).on("unhandledRejection", end);
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    process.on(signal, () => end(new Error(`Not allowed: ${signal} came before an answer.`)));
  }
  try {
    return await decide(line, context, end);
  } catch (error) {
    return block(error);
  }
};

async function decide(line: CommandLine, context: Context, end: (error: unknown) => void): Promise<number> {
  const backend = line.text("backend") ?? "";
  const runtime = Object.hasOwn(runtimes, backend) ? (runtimes[backend] as Runtime) : undefined;
  if (!runtime) throw misuse(`--backend must be one of ${Object.keys(runtimes).join(", ")}.`);
  const { enabled = true, gatedTools = runtime.gatedTools, waitMs = defaultWaitMs } = readApprovalConfig(context.env, context.cwd);
  if (!enabled) return 0;
  const deadline = setTimeout(() => end(new Error(`Not allowed: no answer within ${waitMs + graceMs} ms.`)), waitMs + graceMs);
  const call = await readToolCall(context.stdin, runtime.events);
  if (isGated(call.tool, gatedTools)) {
    const allowed = runtime.allow(call.event, await ask(line, context, toToolQuestion(call, backend, waitMs)));
    if (allowed) context.output.json(allowed);
  }
  clearTimeout(deadline);
  return 0;
}

/** Gives why the call is allowed. @throws Error saying why it is not */
async function ask(line: CommandLine, context: Context, question: ToolQuestion): Promise<string> {
  const answer = (await withClient(line, context, (client) => client.questions.askBlocking(question))) as unknown;
  const { correlation_id, decision, outcome, option_id, reason, message } = fieldsOf(answer);
  if (correlation_id !== question.correlation_id) throw new Error("Not allowed: the daemon answered another question.");
  const said = typeof message === "string" && message !== "" ? `: ${message}` : "";
  if (decision === "allow" && outcome === "answered" && option_id === "allow") return `Allowed${said}`;
  throw new Error(`Not allowed (${typeof reason === "string" ? reason : "the answer has no reason"})${said}`);
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
