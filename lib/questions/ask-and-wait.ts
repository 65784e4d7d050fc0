import { AnodeError } from "../errors.js";
import type { OpenQuestion, QuestionDesk } from "./desk-types.js";
import type { Answer, QuestionInput } from "./schema.js";

/** A question whose asker waits for the answer, for as long as `timeout_ms` says or the limits allow. */
export interface CallQuestion extends QuestionInput {
  /** The question's id, under which a repeat of the call is the same question. */
  readonly correlation_id?: string;
  readonly origin?: string;
}

/** Whom a caller asks for: a peer, a run, or a run that is a peer. */
export interface Asker {
  readonly peer_id?: string;
  readonly run_id?: string;
}

/** What became of such a question. */
export interface CallAnswer extends Answer {
  readonly correlation_id: string;
}

/**
 * Opens or joins a question and waits for its end. The signal says that the caller is gone: the last one that leaves
 * cancels the question.
 * @throws what opening it throws; `aborted`
 */
export async function askAndWait(desk: QuestionDesk, question: OpenQuestion, signal: AbortSignal | undefined): Promise<CallAnswer> {
  const held = await desk.open(question);
  const { promise: gone, reject } = Promise.withResolvers<never>();
  const leave = (): void => {
    held.leave();
    reject(new AnodeError("aborted", "The call was aborted.", { cause: signal?.reason }));
  };
  signal?.addEventListener("abort", leave);
  if (signal?.aborted) leave();
  try {
    return { correlation_id: held.question.question_id, ...(await Promise.race([held.answer, gone])) };
  } finally {
    signal?.removeEventListener("abort", leave);
  }
}
