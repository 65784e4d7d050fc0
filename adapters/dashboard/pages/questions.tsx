import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { QuestionCard } from "../parts/question-card.js";
import { useApp, useCell } from "../use.js";

/** Every open question of runs and peers; those that close while one looks stay, with their ending. */
export function QuestionsPage(): JSX.Element {
  const { inbox } = useApp();
  const questions = useCell(inbox.questions);
  useEffect(() => () => inbox.clear(), [inbox]);
  return (
    <>
      <h1>Questions</h1>
      {questions.length === 0 && (
        <p class="empty">Nobody waits for an answer. What agents ask, and what they want to be allowed, comes here by itself.</p>
      )}
      {questions.map((question) => (
        <QuestionCard key={question.question_id} question={question} />
      ))}
    </>
  );
}
