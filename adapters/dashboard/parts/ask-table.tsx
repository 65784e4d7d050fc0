import type { JSX } from "preact";
import type { Ask } from "../../../lib/asks/schema.js";
import { moment } from "../format.js";
import { linkTo } from "../route.js";
import { useNow } from "../use.js";
import { Attachments } from "./attachments.js";
import { Badge } from "./badge.js";
import { Table } from "./table.js";
import { Block, Text } from "./text.js";

const heads = ["State", "From", "To", "Ask", "Delivery", "When", "Trace"];

/** Asks, with what came of them. */
export function AskTable({ caption, asks }: { readonly caption: string; readonly asks: readonly Ask[] }): JSX.Element {
  const now = useNow(30_000);
  return (
    <Table caption={caption} heads={heads} empty="No ask here.">
      {asks.map((ask) => (
        <tr key={ask.correlation_id}>
          <td>
            <Badge state={ask.state} />
            {ask.close_reason !== undefined && <small>{ask.close_reason.replaceAll("_", " ")}</small>}
          </td>
          <td>
            <Name id={ask.from_peer_id} name={ask.from_name} />
          </td>
          <td>
            <Name id={ask.to_peer_id} name={ask.to_name} />
          </td>
          <td class="long">
            <AskText ask={ask} />
          </td>
          <td>
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

function Name({ id, name }: { readonly id: string; readonly name: string }): JSX.Element {
  return (
    <a href={linkTo("peers", id)}>
      <Text of={name} />
    </a>
  );
}

/** What was asked, and the reply. */
export function AskText({ ask }: { readonly ask: Ask }): JSX.Element {
  const { text, reply_text, answer, attachments = [], reply_attachments = [] } = ask;
  const replied = reply_text ?? answer?.text ?? answer?.option_id;
  return (
    <>
      <Block of={text} label="Ask" />
      <Attachments files={attachments} />
      {replied !== undefined && (
        <>
          <small>Reply</small>
          <Block of={replied} label="Reply" />
        </>
      )}
      <Attachments files={reply_attachments} />
    </>
  );
}
