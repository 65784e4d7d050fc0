import type { JSX } from "preact";
import type { RunSummary } from "../../../lib/runs/schema.js";
import { isTerminal } from "../../client/run-status.js";
import { cost, duration, moment, usageLine } from "../format.js";
import { linkTo } from "../route.js";
import { useNow } from "../use.js";
import { Badge } from "./badge.js";
import { Fields } from "./fields.js";
import { Block, Text } from "./text.js";

const text = (value: string | undefined): JSX.Element | undefined => (value === undefined ? undefined : <Text of={value} />);

/** The record of a run. */
export function RunSummaryView({ run }: { readonly run: RunSummary }): JSX.Element {
  const now = useNow();
  const { status, duration_ms, started_at, parent_id, usage, cost_usd } = run;
  const ms = duration_ms ?? (isTerminal(status) ? undefined : now - Date.parse(started_at));
  return (
    <section aria-label="Summary">
      <Fields
        of={[
          ["Status", <Badge state={status} />],
          ["Id", <code>{run.id}</code>],
          ["Profile", text(run.profile)],
          ["Executor", text(run.executor)],
          ["Model", text(run.model)],
          ["Approvals", run.approval_mode],
          ["Started", moment(started_at, now)],
          ["Duration", ms === undefined ? undefined : duration(Math.max(0, ms))],
          ["Turns", run.num_turns],
          ["Usage", usage && usageLine(usage)],
          ["Cost", cost_usd === undefined ? undefined : cost(cost_usd)],
          ["Folder", text(run.cwd)],
          ["Thread", text(run.session_id)],
          ["Parent", parent_id && <a href={linkTo("runs", parent_id)}>{parent_id}</a>],
          ["Place in the queue", run.queue_position],
          ["Stopped by", run.stop_reason?.replaceAll("_", " ")],
          ["Exit status", run.exit_code ?? run.signal],
        ]}
      />
      {run.error !== undefined && (
        <div class="problem">
          {run.error_code !== undefined && <code>{run.error_code}</code>}
          <Block of={run.error} label="Error" />
        </div>
      )}
      {run.result !== undefined && run.result !== "" && (
        <details class="panel" open>
          <summary>Result</summary>
          <Block of={run.result} label="Result" isProse />
        </details>
      )}
      {run.prompt !== "" && (
        <details class="panel">
          <summary>Prompt</summary>
          <Block of={run.prompt} label="Prompt" isProse />
        </details>
      )}
    </section>
  );
}
