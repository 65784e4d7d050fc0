import type { Clock } from "../host.js";
import type { Outcome, RunContext, RunInput } from "../runs/executor.js";
import type { AgentLink } from "./agent-link.js";
import type { AgentSession } from "./open-session.js";
import { outcomeOf } from "./outcome.js";
import type { Outbox } from "./outbox.js";
import { asText, at } from "./read.js";
import type { PromptResponse } from "./sdk.js";
import type { ToolCalls } from "./tool-calls.js";
import type { Updates } from "./updates.js";
import type { UsageMeter } from "./usage.js";

/** What a conversation with an agent works with. */
export interface Conversation {
  readonly context: RunContext;
  readonly link: AgentLink;
  readonly session: AgentSession;
  readonly outbox: Outbox;
  readonly updates: Updates;
  readonly calls: ToolCalls;
  readonly usage: UsageMeter;
  readonly clock: Clock;
  /** Time the agent has to answer a cancel, in milliseconds. */
  readonly cancelMs: number;
}

/** How often a steer that has come is looked for while the agent works. */
const steerMs = 200;

/** Hands the agent its prompt and then each queued input, one task after the other, until no more comes or one fails. */
export async function converse(talk: Conversation): Promise<Outcome> {
  const { context, outbox } = talk;
  let count = 0;
  const tell = (text: string, input_id?: string): void =>
    outbox.emit("user.message", { message_id: `u${(count += 1)}`, text, ...(input_id !== undefined && { input_id }) });

  tell(context.request.prompt);
  let outcome = await runTask(talk, context.request.prompt);
  while (outcome.status === "completed" && !context.signal.aborted) {
    // The task's last words are its result: they must be there before the next one begins.
    await outbox.settled();
    const input = await context.input.next();
    if (!input) break;
    outcome = await runTask(talk, input.text, () => {
      void input.delivered().catch(() => {});
      tell(input.text, input.input_id);
    });
  }
  return outcome;
}

/** One prompt with everything that comes of it. */
async function runTask(talk: Conversation, text: string, onSent?: () => void): Promise<Outcome> {
  const { context, link, session, updates, calls, usage } = talk;
  updates.text.forget();
  const answer = link.request<PromptResponse>("session/prompt", { sessionId: session.id, prompt: toBlocks(text) }, onSent);
  const stopSteering = steer(talk, () => updates.text.finish());
  const cancelTask = (): void => void cancel(talk);
  context.signal.addEventListener("abort", cancelTask, { once: true });
  if (context.signal.aborted) cancelTask();
  try {
    const result = await answeredInTime(answer, talk);
    updates.text.finish();
    usage.count(result);
    return outcomeOf(result, updates.text.lastSaid, updates.isBroken);
  } finally {
    context.signal.removeEventListener("abort", cancelTask);
    stopSteering();
    updates.text.finish();
    calls.finish();
  }
}

/** The answer; after an abort only for so long. */
function answeredInTime(answer: Promise<PromptResponse>, { context: { signal }, clock, cancelMs }: Conversation): Promise<unknown> {
  return new Promise((resolve, reject) => {
    answer.then(resolve, reject);
    const limit = (): void => void clock.schedule(() => resolve({ stopReason: "cancelled" }), cancelMs);
    if (signal.aborted) limit();
    else signal.addEventListener("abort", limit, { once: true });
  });
}

/** Asks the agent to end its prompt. Its open requests have been answered by then, as the protocol wants it. */
async function cancel({ link, session }: Conversation): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
  await link.notify("session/cancel", { sessionId: session.id });
}

/** Hands over steers as they come, while the agent works. Answers the function that ends it. */
function steer(talk: Conversation, heard: () => void): () => void {
  const { context, clock, session } = talk;
  if (!session.takesSteers) return () => {};
  let ended = false;
  let cancelTimer = (): void => {};
  const look = async (): Promise<void> => {
    const input = ended || context.signal.aborted ? undefined : context.input.take("steer");
    if (input) await handOver(talk, input, heard);
    if (!ended) cancelTimer = clock.schedule(() => void look(), input ? 0 : steerMs);
  };
  void look();
  return () => {
    ended = true;
    cancelTimer();
  };
}

async function handOver({ link, session, outbox }: Conversation, input: RunInput, heard: () => void): Promise<void> {
  try {
    const result = await link.request("_session/steering", {
      sessionId: session.id,
      prompt: toBlocks(input.text),
      _meta: { steering: { idleBehavior: "promptRequired" } },
    });
    if (asText(at(result, "outcome")) !== "injected") return input.putBack();
    heard();
    await input.delivered();
    outbox.emit("user.message", { message_id: `u-${input.input_id}`, text: input.text, input_id: input.input_id });
  } catch {
    // It stays pending and becomes the next prompt.
    input.putBack();
  }
}

function toBlocks(text: string): readonly object[] {
  return [{ type: "text", text }];
}
