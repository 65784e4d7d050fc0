import type { Caller } from "../caller.js";
import type { Step } from "../events/step.js";
import type { Put } from "../store/store.js";
import type { Answer, AnswerInput, DenyReason, Question, QuestionInput } from "./schema.js";

/** A question to open, with what its owner decides. */
export interface OpenQuestion extends QuestionInput {
  /** Stream that gets `question.asked` and `question.closed`, beside the feed. */
  readonly stream?: string;
  /** Joins the question of this id when owner, asker and content are the same. */
  readonly id?: string;
  /** A run ends its questions with itself and has them in its stream; a question of a peer ends with its call, one on an ask with that. */
  readonly owner: { readonly run_id?: string; readonly peer_id?: string };
  /** The peer that asks. */
  readonly from_peer_id?: string;
  readonly recipient?: string;
  /** Where it comes from, in its asker's words. */
  readonly origin?: string;
  /** The caller whose call waits. */
  readonly asked_by?: string;
  /** Open questions the owner may have; one more is `question_full`. @defaultValue unbounded */
  readonly mostOfOwner?: number;
  /** `deny`: an approval nobody is there to give is denied. @defaultValue "wait" */
  readonly unattended?: "wait" | "deny";
}

/** A question that was checked, with its digest: all that is left to do for it can be part of one step. */
export interface PreparedQuestion {
  readonly asked: OpenQuestion;
  readonly content: QuestionInput;
  readonly digest: string;
}

/** A holder's part of an open question. */
export interface HeldQuestion {
  readonly question: Question;
  /** Settles after the ending is durable. Rejects for a lost store, and for a call's question whose end has to wait for space: `storage_full`. */
  readonly answer: Promise<Answer>;
  /** Stops waiting; the last holder that leaves cancels the question. */
  leave(): void;
}

/** A step that opens or closes one question, alone or joined with others. From where it was made to the append nothing may be awaited. */
export interface QuestionStep {
  readonly step: Step;
  /** As it is after the step. */
  readonly question: Question;
}

/** The desk as others use it: ask, answer, look. */
export interface QuestionDesk {
  /** Number of open questions. */
  readonly openCount: number;
  /**
   * Opens a question, or joins an equal one of the same id: an open one, or one that ended a short while ago.
   * @throws `invalid_request`, `default_not_denying`, `question_full`, `correlation_conflict`, `question_closed`, `storage_full`
   */
  open(input: OpenQuestion): Promise<HeldQuestion>;
  /**
   * Answers an open question. Of several answers the first one wins. Who may is the caller's of this to know.
   * @param also - records for the same commit
   * @throws `question_not_found`, `question_closed`, `question_changed`, `invalid_option`, `invalid_answer`, `storage_full`
   */
  answer(questionId: string, input: AnswerInput, caller: Caller, also?: (closed: Question) => readonly Put[]): Promise<Question>;
  /** @throws `question_not_found` */
  get(questionId: string): Promise<Question>;
}

/** The desk for those whose records end and begin together with their questions. */
export interface QuestionSteps {
  /** Checks a question and makes its digest. @throws `invalid_request`, `default_not_denying` */
  prepare(input: OpenQuestion): Promise<PreparedQuestion>;
  /** What opens it, nobody waiting. Its id must be one that no question has. @throws `question_full`, `correlation_conflict` */
  opening(prepared: PreparedQuestion): QuestionStep;
  /**
   * What answers an open question.
   * @throws `question_closed`, `question_changed`, `invalid_option`, `invalid_answer`
   */
  answering(questionId: string, input: AnswerInput, caller: Caller): QuestionStep;
  /** The ends, without an answer, of those of the questions that are open. */
  closingOf(questionIds: readonly string[], reason: DenyReason): Step;
  /** Asked for every end that the desk brings about itself: what the question's owner adds to that step. */
  alongside(add: (closed: Question) => Step): void;
}
