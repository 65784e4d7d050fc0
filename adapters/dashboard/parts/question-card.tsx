import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Question } from "../../../lib/questions/schema.js";
import { isAnodeError } from "../../../lib/errors.js";
import { countdown, isUrgent } from "../countdown.js";
import { linkTo } from "../route.js";
import { useApp, useNow } from "../use.js";
import { visibleJson } from "../visible-text.js";
import { Badge } from "./badge.js";
import { Copy } from "./copy.js";
import { Fields } from "./fields.js";
import { PeerLink } from "./peer-link.js";
import { QuestionAnswer } from "./question-answer.js";
import { Block, Text } from "./text.js";

/** A question in full: what is asked, by whom, until when, and its answer. */
export function QuestionCard({ question }: { readonly question: Question }): JSX.Element {
  const { question_id: id, scope, prompt, tool, run_id, from_peer_id, origin, metadata, deadline } = question;
  const rule = metadata?.["rule"];
  return (
    <article class={`card ${question.status}`} aria-labelledby={`q-${id}`}>
      <h3 id={`q-${id}`}>
        {scope === "tool_permission" ? "Approval" : "Question"}{" "}
        {question.status === "open" ? <Deadline deadline={deadline} /> : <Badge state={question.outcome ?? "closed"} />}
      </h3>
      <Block of={prompt} label="What is asked" isProse />
      {tool && (
        <>
          <Fields
            of={[
              ["Tool", <Text of={tool.name} />],
              ["Level", tool.level],
            ]}
          />
          <Block of={visibleJson(tool.args)} label="Arguments" />
          {tool.diff !== undefined && <Block of={tool.diff} label="Change" />}
        </>
      )}
      <Fields
        of={[
          ["Run", run_id !== undefined && <a href={linkTo("runs", run_id)}>{run_id}</a>],
          ["From", from_peer_id !== undefined && <PeerLink id={from_peer_id} />],
          ["Origin", origin !== undefined && <Text of={origin} />],
          ["Default", question.default_answer !== undefined && <Text of={question.default_answer} />],
        ]}
      />
      {rule !== undefined && <Rule json={JSON.stringify(rule)} />}
      {question.status === "open" ? <Answering question={question} /> : <Ending question={question} />}
    </article>
  );
}

function Deadline({ deadline }: { readonly deadline: string }): JSX.Element {
  const now = useNow();
  return (
    <span class={`badge ${isUrgent(deadline, now) ? "bad" : "plain"}`} role="timer">
      {countdown(deadline, now)} left
    </span>
  );
}

function Rule({ json }: { readonly json: string }): JSX.Element {
  return (
    <div class="rule">
      <p>
        To allow this from now on, add it to <code>permissions</code> of the configuration:
      </p>
      <Block of={json} label="Suggested rule" />
      <Copy text={json}>Copy rule</Copy>
    </div>
  );
}

/** When somebody was faster, the question says who. */
function Answering({ question }: { readonly question: Question }): JSX.Element {
  const { client } = useApp();
  const [overtaken, setOvertaken] = useState<Question>();
  const answered = async (work: Promise<unknown>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      if (isAnodeError(error) && error.code === "question_closed") setOvertaken(await client.questions.get({ id: question.question_id }));
      throw error;
    }
  };
  return overtaken ? <Ending question={overtaken} /> : <QuestionAnswer question={question} answered={answered} />;
}

function Ending({ question }: { readonly question: Question }): JSX.Element {
  const { outcome, decision, option_id, text, message, reason, by, defaulted } = question;
  const title = question.options?.find(({ id }) => id === option_id)?.title ?? option_id;
  return (
    <Fields
      of={[
        ["Outcome", [outcome, decision].filter(Boolean).join(", ")],
        ["Answer", (title ?? text) !== undefined && <Text of={String(title ?? text)} />],
        ["Message", message !== undefined && <Text of={message} />],
        ["Reason", reason !== outcome && reason],
        ["By", defaulted ? "the deadline (default answer)" : by !== undefined && <Text of={by} />],
      ]}
    />
  );
}
