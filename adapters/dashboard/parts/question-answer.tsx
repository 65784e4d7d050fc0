import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { AnswerInput, Question } from "../../../lib/questions/schema.js";
import type { Scope } from "../../../lib/caller.js";
import { useApp } from "../use.js";
import { visibleText } from "../visible-text.js";
import { Action } from "./action.js";
import { Field } from "./form.js";

interface QuestionAnswerProps {
  readonly question: Question;
  /** Looks at what became of the call. */
  readonly answered: (work: Promise<unknown>) => Promise<void>;
}

/** The ways to answer a question, by its kind; denying is always one. */
export function QuestionAnswer({ question, answered }: QuestionAnswerProps): JSX.Element {
  const { client } = useApp();
  const [text, setText] = useState("");
  const { question_id, digest, kind, options = [], scope: asked } = question;
  const scope: Scope = asked === "tool_permission" ? "approve" : "control";
  const answer = (input: AnswerInput): Promise<void> =>
    answered(
      client.questions.answer({ correlation_id: question_id, digest, ...input, ...(kind !== "text" && text.trim() && { message: text }) }),
    );
  const hasDeny = options.some(({ effect }) => effect === "deny");
  return (
    <div class="answer">
      <Field
        name="text"
        label={kind === "text" ? "Answer" : "Message to the asker (optional)"}
        lines={kind === "text" ? 3 : 1}
        onInput={setText}
      />
      <div class="actions" role="group" aria-label="Answers">
        {options.map(({ id, title, effect, description }) => (
          <span key={id} class="option">
            <Action scope={scope} {...toneOf(effect)} run={() => answer({ option_id: id })}>
              {visibleText(title)}
            </Action>
            {description !== undefined && <small>{visibleText(description)}</small>}
          </span>
        ))}
        {kind === "text" && (
          <Action scope={scope} tone="primary" run={() => answer({ text })}>
            Send answer
          </Action>
        )}
        {kind === "acknowledge" && (
          <Action scope={scope} tone="primary" run={() => answer({ outcome: "acknowledged" })}>
            Acknowledge
          </Action>
        )}
        {!hasDeny && (
          <Action scope={scope} tone="danger" run={() => answer({ outcome: "denied" })}>
            Deny
          </Action>
        )}
      </div>
    </div>
  );
}

function toneOf(effect: string | undefined): { readonly tone?: "primary" | "danger" } {
  return effect === "deny" ? { tone: "danger" } : effect === "allow" ? { tone: "primary" } : {};
}
