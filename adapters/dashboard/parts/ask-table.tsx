import type { JSX } from "preact";
import type { Ask } from "../../../lib/asks/schema.js";
import { moment } from "../format.js";
import { linkTo } from "../route.js";
import { useNow } from "../use.js";
import { Attachments } from "./attachments.js";
import { Badge } from "./badge.js";
import { PeerLink } from "./peer-link.js";
import { Table } from "./table.js";
import { Block } from "./text.js";

const heads = ["State", "From", "To", "Ask", "Delivery", "When", "Trace"];

/** Asks, with what came of them. */
export function AskTable({
  caption,
  asks,
  empty = "No ask here.",
}: {
  readonly caption: string;
  readonly asks: readonly Ask[];
  readonly empty?: string;
}): JSX.Element {
  const now = useNow(30_000);
  return (
    <Table caption={caption} heads={heads} empty={empty}>
      {asks.map((ask) => (
        <tr key={ask.correlation_id}>
          <td>
            <Badge state={ask.state} />
            {ask.close_reason !== undefined && <small>{ask.close_reason.replaceAll("_", " ")}</small>}
          </td>
          <td data-head="From">
            <PeerLink id={ask.from_peer_id} name={ask.from_name} />
          </td>
          <td data-head="To">
            <PeerLink id={ask.to_peer_id} name={ask.to_name} />
          </td>
          <td class="long">
            <AskText ask={ask} />
          </td>
          <td data-head="Delivery">
            <Badge state={ask.delivery_state} />
          </td>
          <td>{moment(ask.created_at, now)}</td>
          <td>
            <a href={linkTo("traces", ask.correlation_id)} aria-label={`Open ask ${ask.correlation_id}`}>
              Open
            </a>
          </td>
        </tr>
      ))}
    </Table>
  );
}

/** What was asked, and the reply. */
export function AskText({ ask }: { readonly ask: Ask }): JSX.Element {
  const { text, reply_text, answer, attachments = [], reply_attachments = [] } = ask;
  const replied = reply_text ?? answer?.text ?? answer?.option_id;
  return (
    <>
      <Block of={text} label="Ask" isProse />
      <Attachments files={attachments} />
      {replied !== undefined && (
        <>
          <small>Reply</small>
          <Block of={replied} label="Reply" isProse />
        </>
      )}
      <Attachments files={reply_attachments} />
    </>
  );
}
