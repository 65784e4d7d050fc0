import type { JSX } from "preact";
import { isAnodeError } from "../../../lib/errors.js";
import { moment } from "../format.js";
import { AskActions } from "../parts/ask-actions.js";
import { AskText } from "../parts/ask-table.js";
import { Badge } from "../parts/badge.js";
import { Fields } from "../parts/fields.js";
import { Problem } from "../parts/problem.js";
import { Table } from "../parts/table.js";
import { Block, Text } from "../parts/text.js";
import { linkTo } from "../route.js";
import { useApp, useLoaded, useNow } from "../use.js";
import { visibleJson } from "../visible-text.js";

const heads = ["#", "Stage", "Status", "When", "Seen by", "Detail"];

/** What was seen to happen to an ask or a message, stage by stage. */
export function TracePage({ id }: { readonly id: string }): JSX.Element {
  const { client } = useApp();
  const now = useNow(30_000);
  const isOurs = ({ type }: { readonly type: string }): boolean => /^(ask|message|reply)\./.test(type);
  const { value: trace, error } = useLoaded(() => client.traces.get({ trace_id: id }), [id], isOurs);
  const { value: ask } = useLoaded(() => orNothing(client.asks.get({ id })), [id], isOurs);
  return (
    <>
      <h1>
        Trace of <Text of={trace?.kind ?? ""} /> <code>{id}</code>
      </h1>
      <Problem error={error} />
      {ask && (
        <section aria-label="The ask">
          <Fields
            of={[
              ["State", <Badge state={ask.state} />],
              ["Closed by", ask.close_reason?.replaceAll("_", " ")],
              ["From", <Text of={ask.from_name} />],
              ["To", <Text of={ask.to_name} />],
            ]}
          />
          <AskText ask={ask} />
          {ask.state === "open" && <AskActions ask={ask} />}
        </section>
      )}
      {trace && (
        <Table caption="Stages" heads={heads} empty="Nothing was seen yet.">
          {trace.stages.map(({ seq, stage, status, time, peer_id, detail }) => (
            <tr key={seq}>
              <td class="number">{seq}</td>
              <th scope="row">{stage.replaceAll("_", " ")}</th>
              <td>
                <Badge state={status} />
              </td>
              <td>{moment(time, now)}</td>
              <td>{peer_id !== undefined && <a href={linkTo("peers", peer_id)}>{peer_id}</a>}</td>
              <td class="long">{detail !== undefined && <Block of={visibleJson(detail)} label={`Detail of stage ${seq}`} />}</td>
            </tr>
          ))}
        </Table>
      )}
    </>
  );
}

/** Not every trace is that of an ask. */
async function orNothing<Value>(work: Promise<Value>): Promise<Value | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isAnodeError(error) && error.status === 404) return undefined;
    throw error;
  }
}
