import type { JSX } from "preact";
import { AskTable } from "../parts/ask-table.js";
import { Badge } from "../parts/badge.js";
import { Doctor } from "../parts/doctor.js";
import { Fields } from "../parts/fields.js";
import { Problem } from "../parts/problem.js";
import { SendForms } from "../parts/send-forms.js";
import { Text } from "../parts/text.js";
import { linkTo } from "../route.js";
import { useApp, useLoaded } from "../use.js";

const text = (value: string | undefined): JSX.Element | undefined => (value === undefined ? undefined : <Text of={value} />);

/** One peer: who it is, how it is with it, and what can be said to it. */
export function PeerPage({ id }: { readonly id: string }): JSX.Element {
  const { client } = useApp();
  const { value: peer, error } = useLoaded(
    () => client.peers.get({ id }),
    [id],
    ({ type, peer_id }) => peer_id === id || /^(ask|message)\./.test(type),
  );
  const asks = useLoaded(
    () => client.asks.list({ peer_id: id, direction: "both", limit: 50 }),
    [id],
    ({ type }) => type.startsWith("ask."),
  );
  return (
    <>
      <h1>
        <Text of={peer?.display_name ?? id} />
      </h1>
      <Problem error={error} />
      {peer && (
        <section aria-label="Peer">
          <Fields
            of={[
              ["Status", <Badge state={peer.status} />],
              ["Why", peer.status_reason?.replaceAll("_", " ")],
              ["Turn", peer.turn_state && <Badge state={peer.turn_state} />],
              ["Inbound", <Badge state={peer.inbound_status} />],
              ["Circle", text(peer.circle)],
              ["Role", peer.role],
              ["Backend", peer.backend],
              ["Agent", text(peer.agent)],
              ["Model", text(peer.model)],
              ["Machine", text(peer.machine)],
              ["Folder", text(peer.path)],
              ["Pane", peer.pane_id],
              ["Run", peer.run_id && <a href={linkTo("runs", peer.run_id)}>{peer.run_id}</a>],
              ["Says of itself", text(peer.description)],
              ["Retired", peer.retire_reason?.replaceAll("_", " ")],
              ["Id", <code>{peer.peer_id}</code>],
            ]}
          />
        </section>
      )}
      {peer && peer.retired_at === undefined && <SendForms peer={peer} />}
      {peer && <Doctor key={id} peer={peer} />}
      <h2>Asks</h2>
      <Problem error={asks.error} />
      {asks.value && <AskTable caption="Asks of this peer" asks={asks.value.asks} />}
    </>
  );
}
