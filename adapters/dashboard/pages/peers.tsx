import type { JSX } from "preact";
import type { Peer } from "../../../lib/peers/schema.js";
import { isAlwaysThere } from "../always-there.js";
import { moment } from "../format.js";
import { Badge } from "../parts/badge.js";
import { OrphanPanes } from "../parts/orphan-panes.js";
import { Problem } from "../parts/problem.js";
import { Table } from "../parts/table.js";
import { TellMany } from "../parts/tell-many.js";
import { Text } from "../parts/text.js";
import { linkTo } from "../route.js";
import { useApp, useLoaded, useNow } from "../use.js";

const heads = ["Peer", "Status", "Turn", "Inbound", "Open asks", "Waiting", "Last seen", "Says of itself"];

/** The peers by circle, and the panes that are no peer's. */
export function PeersPage(): JSX.Element {
  const { client } = useApp();
  const { value, error } = useLoaded(
    () => client.peers.all({ limit: 1000, max: 5000 }),
    [],
    ({ type }) => /^(peer|ask|message|pane)\./.test(type),
  );
  const circles = Map.groupBy(value ?? [], ({ circle }) => circle);
  return (
    <>
      <h1>Peers</h1>
      <Problem error={error} />
      {[...circles]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([circle, peers]) => (
          <section key={circle} aria-label={`Circle ${circle}`}>
            <h2>
              Circle <Text of={circle} />
            </h2>
            <Table caption={`Peers of circle ${circle}`} heads={heads} empty="Nobody.">
              {peers.map((peer) => (
                <PeerLine key={peer.peer_id} peer={peer} />
              ))}
            </Table>
          </section>
        ))}
      {value?.every(isAlwaysThere) && <NoPeer />}
      {value && <TellMany peers={value} />}
      <OrphanPanes />
    </>
  );
}

function NoPeer(): JSX.Element {
  return (
    <p class="empty">
      No agent has joined yet. <code>anode hooks install claude-code</code> brings in the agents of your terminal,{" "}
      <code>anode peers register --name api</code> a program of yours.
    </p>
  );
}

function PeerLine({ peer }: { readonly peer: Peer }): JSX.Element {
  const now = useNow(30_000);
  const { peer_id, display_name, backend, status, status_reason, turn_state, inbound_status, pending_ask_count, queued_count, last_seen } =
    peer;
  return (
    <tr>
      <th scope="row">
        <a href={linkTo("peers", peer_id)}>
          <Text of={display_name} />
        </a>
        <small>
          {backend} {peer.role === "agent" || peer.role === backend ? "" : peer.role}
        </small>
      </th>
      <td>
        <Badge state={status} />
        {status_reason !== undefined && <small>{status_reason.replaceAll("_", " ")}</small>}
      </td>
      <td data-head="Turn">{turn_state !== undefined && <Badge state={turn_state} />}</td>
      <td data-head="Inbound">
        <Badge state={inbound_status} />
      </td>
      <td class="number" data-head="Open asks">
        {pending_ask_count}
      </td>
      <td class="number" data-head="Waiting">
        {queued_count}
      </td>
      <td data-head="Last seen">{moment(last_seen, now)}</td>
      <td class="long">{peer.description !== undefined && <Text of={peer.description} />}</td>
    </tr>
  );
}
