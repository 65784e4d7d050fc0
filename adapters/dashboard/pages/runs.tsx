import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { RunSummary } from "../../../lib/runs/schema.js";
import { isTerminal } from "../../client/run-status.js";
import { cost, duration, moment } from "../format.js";
import { Action } from "../parts/action.js";
import { Badge } from "../parts/badge.js";
import { Field } from "../parts/form.js";
import { Pager, usePages } from "../parts/pager.js";
import { Problem } from "../parts/problem.js";
import { StartRun } from "../parts/start-run.js";
import { Table } from "../parts/table.js";
import { Text } from "../parts/text.js";
import { linkTo } from "../route.js";
import { useApp, useLoaded, useNow } from "../use.js";

const statuses = ["active", "terminal", "queued", "running", "waiting", "completed", "failed", "canceled", "interrupted"] as const;
const heads = ["Status", "Run", "Profile", "Model", "Started", "Duration", "Cost", "Actions"];

/** The runs, newest first, live by the feed. */
export function RunsPage(): JSX.Element {
  const { client } = useApp();
  const [filter, setFilter] = useState<Readonly<Record<string, string>>>({});
  const pages = usePages(filter);
  const set = (name: string) => (value: string) =>
    setFilter((known) => Object.fromEntries(Object.entries({ ...known, [name]: value }).filter(([, text]) => text !== "")));
  const { value, error } = useLoaded(
    () => client.runs.list({ limit: 50, ...filter, ...pages.input } as Parameters<typeof client.runs.list>[0]),
    [filter, pages.key],
    ({ type }) => type === "run.state" || type.startsWith("question."),
  );
  return (
    <>
      <h1>Runs</h1>
      <StartRun />
      <form class="filters" role="search" aria-label="Filter runs" onSubmit={(event) => event.preventDefault()}>
        <Field
          name="status"
          label="Status"
          options={[["", "all"], ...statuses.map((status) => [status, status] as const)]}
          onInput={set("status")}
        />
        <Field name="profile" label="Profile" onInput={set("profile")} />
        <Field name="label" label="Label" onInput={set("label")} />
      </form>
      <Problem error={error} />
      {value && (
        <Table caption="Runs" heads={heads} empty={Object.keys(filter).length > 0 ? "No run matches." : <NoRun />}>
          {value.runs.map((run) => (
            <RunLine key={run.id} run={run} />
          ))}
        </Table>
      )}
      <Pager pages={pages} next={value?.next_cursor} />
    </>
  );
}

function NoRun(): JSX.Element {
  return (
    <>
      No run yet. Start one above, or in a terminal: <code>anode runs start "investigate flaky tests"</code>
    </>
  );
}

function RunLine({ run }: { readonly run: RunSummary }): JSX.Element {
  const { client } = useApp();
  const now = useNow();
  const { id, status, label, prompt, profile, model, started_at, duration_ms, cost_usd, open_questions } = run;
  const name = label || prompt.slice(0, 120) || id;
  const isOver = isTerminal(status);
  const ms = duration_ms ?? (isOver ? undefined : now - Date.parse(started_at));
  return (
    <tr>
      <td>
        <Badge state={status} />
        {open_questions !== undefined && open_questions > 0 && (
          <a class="badge warn" href="#/questions">
            {open_questions} open
          </a>
        )}
      </td>
      <th scope="row">
        <a href={linkTo("runs", id)}>
          <Text of={name} />
        </a>
        <small>{id}</small>
      </th>
      <td data-head="Profile">
        <Text of={profile} />
      </td>
      <td data-head="Model">{model !== undefined && <Text of={model} />}</td>
      <td data-head="Started">{moment(started_at, now)}</td>
      <td class="number" data-head="Duration">
        {ms === undefined ? "" : duration(Math.max(0, ms))}
      </td>
      <td class="number" data-head="Cost">
        {cost_usd === undefined ? "" : cost(cost_usd)}
      </td>
      <td>
        {!isOver && (
          <Action
            scope="control"
            tone="danger"
            label={`Cancel ${name}`}
            confirm={`Cancel the run “${name}” (${id})?`}
            run={() => client.runs.cancel({ id })}
          >
            Cancel
          </Action>
        )}
      </td>
    </tr>
  );
}
