import { AnodeError, isAnodeError, isErrorCode } from "../../lib/errors.js";
import type { Preview, StreamEvent } from "../../lib/events/event.js";
import type { Question } from "../../lib/questions/schema.js";
import type { RunsClient } from "./runs-client.js";
import type { PromptResponse, StopReason } from "./sdk.js";
import type { UpdateProjector } from "./to-updates.js";

/** A run that an editor's prompts go to. */
export interface FollowedRun {
  readonly id: string;
  /** Resolves when the run has ended. */
  readonly over: Promise<void>;
  /** What the prompt that started it ends with. */
  readonly first: Promise<PromptResponse>;
  /** What a prompt that was handed in as input ends with. */
  task(inputId: string): Promise<PromptResponse>;
}

/** What a run is followed with. */
export interface FollowParts {
  readonly client: RunsClient;
  readonly projector: UpdateProjector;
  /** Puts questions to the editor; absent where others answer them. */
  readonly put?: (question: Question, closed: AbortSignal) => void;
  /** Hears of the thread that the run works in, and of what it costs. */
  readonly noted: (fact: { readonly session_id?: string; readonly cost_usd?: number }) => void;
  readonly signal: AbortSignal;
}

type Settle = (task: PromiseWithResolvers<PromptResponse>) => void;

const stopReasons: Readonly<Record<string, StopReason>> = {
  end_turn: "end_turn",
  exit: "end_turn",
  output_limit: "max_tokens",
  max_turns: "max_turn_requests",
  refusal: "refusal",
};

/** Follows a run to its end: its events go to the editor, its tasks end their prompts. */
export function followRun(id: string, parts: FollowParts): FollowedRun {
  const { client, projector, noted, put, signal } = parts;
  const tasks = new Map<string, PromiseWithResolvers<PromptResponse>>();
  const questions = new Map<string, AbortController>();
  let late: Settle | undefined;
  const taskOf = (name: string): PromiseWithResolvers<PromptResponse> => {
    const known = tasks.get(name) ?? Promise.withResolvers<PromptResponse>();
    known.promise.catch(() => {});
    tasks.set(name, known);
    late?.(known);
    return known;
  };
  /** Ends what is left of the prompts, and those that are asked for later. */
  const settle = (rest: Settle): void => {
    late = rest;
    for (const task of tasks.values()) rest(task);
  };
  const first = taskOf("");
  let current = first;
  let usage: Record<string, number> = {};
  let usageBefore: Record<string, number> = {};
  const endTask = (stopReason: StopReason): void => {
    current.resolve({ stopReason, ...usageSince(usageBefore, usage) });
    usageBefore = usage;
  };

  function see(event: StreamEvent | Preview): boolean {
    projector.see(event);
    const { type, payload } = event;
    if (!("seq" in event)) return false;
    ask(type, payload);
    if (typeof payload["session_id"] === "string") noted({ session_id: payload["session_id"] });
    if (type === "usage.updated") {
      usage = { ...usage, ...numbersOf(payload) };
      if (typeof payload["cost_usd"] === "number") noted({ cost_usd: payload["cost_usd"] });
    }
    if (type === "input.delivered") {
      endTask("end_turn");
      current = taskOf(String(payload["input_id"]));
    }
    return end(event);
  }

  /** Ends all prompts with the run. */
  function end({ type, payload }: StreamEvent): boolean {
    if (!/^run\.(completed|failed|canceled|interrupted)$/.test(type)) return false;
    const stopReason = type === "run.canceled" ? "cancelled" : stopReasons[String(payload["stop_reason"])];
    if (stopReason && (type !== "run.failed" || payload["stop_reason"] !== "exit")) endTask(stopReason);
    const code = String(payload["error_code"]);
    const words = String(payload["error"] ?? "The run ended before it took up the prompt.");
    const failure = new AnodeError(isErrorCode(code) ? code : "executor_error", words);
    settle((task) => (type === "run.canceled" ? task.resolve({ stopReason: "cancelled" }) : task.reject(failure)));
    return true;
  }

  function ask(type: string, payload: StreamEvent["payload"]): void {
    if (!put) return;
    const questionId = String(payload["question_id"]);
    if (type === "question.asked") {
      const closed = new AbortController();
      questions.set(questionId, closed);
      put({ ...payload, status: "open" } as Question, closed.signal);
    } else if (type === "question.closed") {
      questions.get(questionId)?.abort();
      questions.delete(questionId);
    } else if (type === "run.child_started") void watch(String(payload["child_id"]));
  }

  /** A run below: its questions are the editor's too, its work is shown by the call that started it. */
  async function watch(child: string): Promise<void> {
    for await (const { type, payload } of eventsOf(client, child, { approver: true, signal })) ask(type, payload);
  }

  async function follow(): Promise<void> {
    let ended = false;
    let cause: unknown;
    try {
      for await (const event of eventsOf(client, id, { previews: true, approver: put !== undefined, signal })) ended = see(event) || ended;
    } catch (error) {
      cause = error;
    }
    if (ended) return;
    const lost = isAnodeError(cause) ? cause : new AnodeError("connection_lost", "The run is no longer to be seen.", { cause });
    settle((task) => task.reject(lost));
  }

  return { id, over: follow(), first: first.promise, task: (inputId) => taskOf(inputId).promise };
}

/** The events of a run; read without approving where the credential does not allow that. */
async function* eventsOf(
  client: RunsClient,
  id: string,
  options: { readonly previews?: boolean; readonly approver: boolean; readonly signal: AbortSignal },
): AsyncGenerator<StreamEvent | Preview> {
  try {
    yield* client.runs.attach(id, options);
  } catch (error) {
    if (!options.approver || !isAnodeError(error) || error.code !== "scope_required") throw error;
    yield* client.runs.attach(id, { ...options, approver: false });
  }
}

const usageFields = [
  ["input_tokens", "inputTokens"],
  ["output_tokens", "outputTokens"],
  ["cache_read_input_tokens", "cachedReadTokens"],
  ["cache_creation_input_tokens", "cachedWriteTokens"],
  ["reasoning_tokens", "thoughtTokens"],
] as const;

function numbersOf(payload: StreamEvent["payload"]): Record<string, number> {
  return Object.fromEntries(usageFields.flatMap(([ours]) => (typeof payload[ours] === "number" ? [[ours, payload[ours]]] : [])));
}

/** What one prompt took of tokens, as the protocol names it. */
function usageSince(before: Record<string, number>, now: Record<string, number>): object {
  const spent = usageFields.flatMap(([ours, theirs]) =>
    now[ours] === undefined ? [] : [[theirs, now[ours] - (before[ours] ?? 0)] as const],
  );
  if (spent.length === 0) return {};
  const usage = Object.fromEntries(spent);
  return { usage: { ...usage, totalTokens: (usage["inputTokens"] ?? 0) + (usage["outputTokens"] ?? 0) } };
}
