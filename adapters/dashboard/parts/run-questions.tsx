import type { JSX } from "preact";
import { useApp, useLoaded } from "../use.js";
import { Problem } from "./problem.js";
import { QuestionCard } from "./question-card.js";

/** The open questions of a run and of all runs below it, and the closed ones folded. */
export function RunQuestions({ id }: { readonly id: string }): JSX.Element | null {
  const { client } = useApp();
  const { value, error } = useLoaded(
    () => client.questions.list({ run_id: id, tree: true, status: "all", limit: 50 }),
    [id],
    ({ type }) => type.startsWith("question."),
  );
  if (error !== undefined) return <Problem error={error} />;
  if (!value || value.questions.length === 0) return null;
  const open = value.questions.filter(({ status }) => status === "open");
  const closed = value.questions.filter(({ status }) => status === "closed");
  return (
    <section aria-labelledby="run-questions">
      <h2 id="run-questions">Questions</h2>
      {open.map((question) => (
        <QuestionCard key={question.question_id} question={question} />
      ))}
      {closed.length > 0 && (
        <details class="panel">
          <summary>{closed.length} closed</summary>
          {closed.map((question) => (
            <QuestionCard key={question.question_id} question={question} />
          ))}
        </details>
      )}
    </section>
  );
}
