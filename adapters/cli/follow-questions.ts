import type { OperationInput } from "../../lib/contract/schemas.js";
import { isAnodeError } from "../../lib/errors.js";
import type { StreamEvent } from "../../lib/events/event.js";
import type { Question } from "../../lib/questions/schema.js";
import type { Client, FeedOptions } from "../client/index.js";
import { createApprover } from "./approver.js";
import type { Context } from "./context.js";
import { isPerson } from "./follow-run.js";
import type { Output } from "./output.js";
import { reconnecting } from "./reconnecting.js";

/** Which questions to follow. */
export type QuestionFilter = Pick<OperationInput<"questions.list">, "scope" | "run_id" | "tree">;

/**
 * What is open, then what is asked and closed. At a terminal each question is put to the person, and while that reads,
 * an approver is there; elsewhere they are lines.
 */
export async function followQuestions(
  client: Client,
  filter: QuestionFilter,
  context: Context,
  options: { readonly asJson?: boolean; readonly signal: AbortSignal },
): Promise<number> {
  const { output, stdin } = context;
  const signal = AbortSignal.any([options.signal, output.closed]);
  const { asJson = false } = options;
  const approves = !asJson && isPerson(context);
  const approver = approves ? createApprover({ client, output, stdin, signal }) : undefined;
  const see = approver?.see ?? ((event: StreamEvent) => (asJson ? output.json(event) : output.data(`${lineOf(event)}\n`)));
  const types = ["question.asked", "question.closed"];
  const { last_seq } = await client.events.list({ tail: 0 }, { signal });
  const open = await client.questions.list(filter, { signal });
  const shown = new Set<string>();
  const show = async (event: StreamEvent): Promise<void> => {
    const id = String(event.payload["question_id"]);
    if (event.type === "question.closed" ? !shown.has(id) : shown.has(id) || !(await fits(client, filter, id, signal))) return;
    shown.add(id);
    see(event);
  };
  try {
    for (const question of open.questions.toReversed()) await show(askedEvent(question));
    const reading = { after: last_seq, types, signal, ...reconnecting(output) };
    for await (const event of approves ? approving(client, reading, output) : client.events(reading)) {
      if (types.includes(event.type)) await show(event);
    }
  } finally {
    approver?.close();
  }
  return 0;
}

async function* approving(client: Client, options: FeedOptions, output: Output): AsyncGenerator<StreamEvent> {
  try {
    yield* client.events({ ...options, approver: true });
  } catch (error) {
    if (!isAnodeError(error) || error.code !== "scope_required") throw error;
    output.note("this token may not approve: only other questions can be answered");
    yield* client.events(options);
  }
}

/** A tree grows while it is followed: the daemon says what belongs to it. */
async function fits(client: Client, filter: QuestionFilter, id: string, signal: AbortSignal): Promise<boolean> {
  if (Object.keys(filter).length === 0) return true;
  const { questions } = await client.questions.list({ ...filter, status: "all" }, { signal });
  return questions.some(({ question_id }) => question_id === id);
}

function askedEvent(question: Question): StreamEvent {
  const { status: _status, ...payload } = question;
  return { id: "", seq: 0, type: "question.asked", time: question.asked_at, payload };
}

function lineOf({ type, payload }: StreamEvent): string {
  const { question_id, prompt, outcome, reason } = payload;
  const what = type === "question.asked" ? prompt : `${String(outcome)}${reason === undefined ? "" : ` (${String(reason)})`}`;
  return `${type === "question.asked" ? "asked" : "closed"} ${String(question_id)} ${String(what)}`;
}
