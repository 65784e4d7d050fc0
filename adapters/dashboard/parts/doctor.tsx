import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { DoctorReport, RehookReport } from "../../../lib/panes/schema.js";
import type { Peer } from "../../../lib/peers/schema.js";
import { duration } from "../format.js";
import { useApp } from "../use.js";
import { visibleText } from "../visible-text.js";
import { Action } from "./action.js";
import { Badge } from "./badge.js";
import { Fields } from "./fields.js";

/** What can be found out about a peer, where its parts disagree, and how it gets its hook back. */
export function Doctor({ peer }: { readonly peer: Peer }): JSX.Element {
  const { client } = useApp();
  const { peer_id: id, display_name, pane_id } = peer;
  const [report, setReport] = useState<DoctorReport>();
  const [rehook, setRehook] = useState<RehookReport>();
  const examine = async (): Promise<void> => setReport(await client.peers.doctor({ id }));
  const rehooked = async (apply: boolean): Promise<void> => setRehook(await client.peers.rehook({ id, apply }));
  return (
    <section aria-labelledby="doctor">
      <h2 id="doctor">Doctor</h2>
      <div class="actions" role="group" aria-label="Examinations">
        <Action scope="read" run={examine}>
          Examine
        </Action>
        {pane_id !== undefined && (
          <>
            <Action scope="control" run={() => rehooked(false)}>
              Rehook: what would be done?
            </Action>
            <Action scope="control" tone="danger" confirm={`Start the hook of ${display_name} anew?`} run={() => rehooked(true)}>
              Rehook now
            </Action>
          </>
        )}
      </div>
      {rehook && <Rehooked report={rehook} />}
      {report && <Report report={report} />}
    </section>
  );
}

function Rehooked({ report }: { readonly report: RehookReport }): JSX.Element {
  return (
    <p role="status">
      {report.dry_run ? "Nothing was changed: " : ""}
      <Badge state={report.reason} /> Pane {report.pane_id}, {report.ws_connected ? "connected" : "not connected"}.
    </p>
  );
}

function Report({ report }: { readonly report: DoctorReport }): JSX.Element {
  const { contradictions, link, pane, hook, agent, run, inbox } = report;
  return (
    <>
      {contradictions.length === 0 ? (
        <p role="status">Its parts agree with each other.</p>
      ) : (
        <ul class="findings" role="status">
          {contradictions.map(({ code, severity, detail, remedy }) => (
            <li key={code}>
              <Badge state={severity} /> <code>{code}</code> {visibleText(detail)} {remedy !== "none" && <em>Remedy: {remedy}.</em>}
            </li>
          ))}
        </ul>
      )}
      <Fields
        of={[
          ["Inbound", <Badge state={report.inbound_status} />],
          ["Socket", link.connected ? "connected" : "not connected"],
          ["Pane", `${pane.probe}${pane.pane_id === undefined ? "" : ` ${pane.pane_id}`}`],
          ["Hook", `${hook.probe}${hook.pid === undefined ? "" : `, process ${hook.pid}`}`],
          ["Agent", `${agent.probe}${agent.pid === undefined ? "" : `, process ${agent.pid}`}`],
          ["Its run", run.probe],
          [
            "Open asks",
            `${inbox.pending_asks}${inbox.oldest_age_ms === undefined ? "" : `, the oldest for ${duration(inbox.oldest_age_ms)}`}`,
          ],
          ["Waiting messages", inbox.queued],
        ]}
      />
    </>
  );
}
