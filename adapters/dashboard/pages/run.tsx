import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { isTerminal } from "../../client/run-status.js";
import { EventList } from "../parts/event-list.js";
import { FollowUp } from "../parts/follow-up.js";
import { LinkBadge } from "../parts/link-badge.js";
import { Problem } from "../parts/problem.js";
import { RunActions } from "../parts/run-actions.js";
import { RunQuestions } from "../parts/run-questions.js";
import { RunSummaryView } from "../parts/run-summary.js";
import { Text } from "../parts/text.js";
import { openRunStream, type RunStream } from "../run-stream.js";
import { useApp, useLoaded } from "../use.js";

/** One run: its record, its questions and those below it, its events as they come. */
export function RunPage({ id }: { readonly id: string }): JSX.Element {
  const app = useApp();
  const [stream, setStream] = useState<RunStream>();
  const { value: run, error } = useLoaded(
    () => app.client.runs.get({ id }),
    [id],
    ({ type, run_id }) => run_id === id && (type === "run.state" || type.startsWith("question.")),
  );
  useEffect(() => {
    const opened = openRunStream(app, id);
    setStream(opened);
    return () => opened.close();
  }, [app, id]);
  const title = (
    <h1>
      <Text of={run?.label || run?.prompt.slice(0, 80) || id} />
    </h1>
  );
  // Said once: what belongs to the run has the same trouble.
  if (!run && error !== undefined) {
    return (
      <>
        {title}
        <Problem error={error} />
      </>
    );
  }
  return (
    <>
      {title}
      <Problem error={error} />
      {run && <RunSummaryView run={run} />}
      {run && <RunActions run={run} />}
      <RunQuestions id={id} />
      <h2>Events {stream && <LinkBadge link={stream.link} name="Events of this run" />}</h2>
      {stream && run && <EventList key={id} stream={stream} isLive={!isTerminal(run.status)} />}
      {run && !isTerminal(run.status) && <FollowUp id={id} />}
    </>
  );
}
