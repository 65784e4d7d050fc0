import type { JSX } from "preact";
import type { Ask, AskManyReport } from "../../../lib/asks/schema.js";
import type { Message } from "../../../lib/messages/schema.js";
import { linkTo } from "../route.js";
import type { Traced } from "../trace-subject.js";
import { AskActions } from "./ask-actions.js";
import { AskText } from "./ask-table.js";
import { Attachments } from "./attachments.js";
import { Badge } from "./badge.js";
import { Fields } from "./fields.js";
import { PeerLink } from "./peer-link.js";
import { Table } from "./table.js";
import { Block, Text } from "./text.js";

/** What a trace is of: an ask, a question to many, a message. */
export function TracedThing({ traced: { ask, many, message } }: { readonly traced: Traced }): JSX.Element | null {
  if (ask) return <OneAsk ask={ask} />;
  if (many) return <ManyAsks many={many} />;
  return message ? <OneMessage message={message} /> : null;
}

function OneAsk({ ask }: { readonly ask: Ask }): JSX.Element {
  const { state, close_reason, from_peer_id, from_name, to_peer_id, to_name, parent_id } = ask;
  return (
    <section aria-label="The ask">
      <Fields
        of={[
          ["State", <Badge state={state} />],
          ["Closed by", close_reason?.replaceAll("_", " ")],
          ["From", <PeerLink id={from_peer_id} name={from_name} />],
          ["To", <PeerLink id={to_peer_id} name={to_name} />],
          ["One of many", parent_id !== undefined && <a href={linkTo("traces", parent_id)}>{parent_id}</a>],
        ]}
      />
      <AskText ask={ask} />
      {state === "open" && <AskActions ask={ask} />}
    </section>
  );
}

function OneMessage({ message }: { readonly message: Message }): JSX.Element {
  const { delivery_state, reason, from_peer_id, from_name, to_peer_id, to_name, text, attachments = [] } = message;
  return (
    <section aria-label="The message">
      <Fields
        of={[
          ["Delivery", <Badge state={delivery_state} />],
          ["Why", reason?.replaceAll("_", " ")],
          ["From", <PeerLink id={from_peer_id} name={from_name} />],
          ["To", <PeerLink id={to_peer_id} name={to_name} />],
        ]}
      />
      <Block of={text} label="Message" isProse />
      <Attachments files={attachments} />
    </section>
  );
}

const heads = ["Peer", "State", "Reply", "Trace"];

function ManyAsks({ many }: { readonly many: AskManyReport }): JSX.Element {
  const { state, rollup, children } = many;
  const { total, replied, acked, pending, failed } = rollup;
  return (
    <section aria-label="The asks">
      <Fields
        of={[
          ["State", <Badge state={state} />],
          ["Asked", total],
          ["Replied", replied],
          ["Acknowledged", acked],
          ["Open", pending],
          ["Failed", failed],
        ]}
      />
      <Table caption="Replies" heads={heads} empty="Nobody was asked.">
        {children.map(({ peer, to_peer_id, correlation_id, state: one, close_reason, error_code, reply_text, answer }) => (
          <tr key={peer}>
            <th scope="row">{to_peer_id === undefined ? <Text of={peer} /> : <PeerLink id={to_peer_id} />}</th>
            <td>
              <Badge state={one} />
              <small>{(error_code ?? close_reason)?.replaceAll("_", " ")}</small>
            </td>
            <td class="long">
              <Reply text={reply_text ?? answer?.text ?? answer?.option_id} />
            </td>
            <td>
              {correlation_id !== undefined && (
                <a href={linkTo("traces", correlation_id)} aria-label={`Open ask ${correlation_id}`}>
                  Open
                </a>
              )}
            </td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

function Reply({ text }: { readonly text: string | undefined }): JSX.Element | null {
  return text === undefined ? null : <Block of={text} label="Reply" isProse />;
}
