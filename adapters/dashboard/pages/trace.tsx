import type { JSX } from "preact";
import { moment } from "../format.js";
import { Badge } from "../parts/badge.js";
import { Detail } from "../parts/detail.js";
import { PeerLink } from "../parts/peer-link.js";
import { Problem } from "../parts/problem.js";
import { Table } from "../parts/table.js";
import { Text } from "../parts/text.js";
import { TracedThing } from "../parts/traced.js";
import { readTraced } from "../trace-subject.js";
import { useApp, useLoaded, useNow } from "../use.js";

const heads = ["#", "Stage", "Status", "When", "Seen by", "Detail"];

/** What was seen to happen to an ask or a message, stage by stage. */
export function TracePage({ id }: { readonly id: string }): JSX.Element {
  const { client } = useApp();
  const now = useNow(30_000);
  const { value: traced, error } = useLoaded(
    () => readTraced(client, id),
    [id],
    ({ type }) => /^(ask|message|reply)\./.test(type),
  );
  const trace = traced?.trace;
  return (
    <>
      <h1>
        Trace of <Text of={trace?.kind ?? ""} /> <code>{id}</code>
      </h1>
      <Problem error={error} />
      {traced && <TracedThing traced={traced} />}
      {trace && (
        <>
          <h2>Stages</h2>
          <Table caption="Stages" heads={heads} empty="Nothing was seen yet.">
            {trace.stages.map(({ seq, stage, status, time, peer_id, detail }) => (
              <tr key={seq}>
                <td class="number">{seq}</td>
                <th scope="row">{stage.replaceAll("_", " ")}</th>
                <td>
                  <Badge state={status} />
                </td>
                <td>{moment(time, now)}</td>
                <td data-head="Seen by">{peer_id !== undefined && <PeerLink id={peer_id} />}</td>
                <td class="long">{detail !== undefined && <Detail of={detail} label={`Detail of stage ${seq}`} />}</td>
              </tr>
            ))}
          </Table>
        </>
      )}
    </>
  );
}
