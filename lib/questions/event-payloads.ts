import type { Answer, Question } from "./schema.js";

/** What the events of questions carry, by type. */
export interface QuestionEventPayloads {
  "question.asked": Omit<Question, "status">;
  "question.closed": Answer & { readonly question_id: string };
}

declare module "../events/event-payloads.js" {
  interface EventPayloads extends QuestionEventPayloads {}
}
