import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Peer } from "../../../lib/peers/schema.js";
import { linkTo } from "../route.js";
import { useApp } from "../use.js";
import { Badge } from "./badge.js";
import { MessageForm, type Said } from "./message-form.js";

interface Sent {
  readonly id: string;
  readonly state: string;
}

/** An ask, or a message that needs no reply, to a peer. */
export function SendForms({ peer }: { readonly peer: Peer }): JSX.Element {
  const { client } = useApp();
  const [sent, setSent] = useState<Sent>();
  const to = { to_peer: peer.peer_id, if_unavailable: "queue" as const };
  const ask = async (said: Said): Promise<void> => {
    const { correlation_id, delivery_state } = await client.asks.ask({ ...to, ...said });
    setSent({ id: correlation_id, state: delivery_state });
  };
  const notify = async (said: Said): Promise<void> => {
    const { delivery_id, delivery_state } = await client.messages.notify({ ...to, ...said });
    setSent({ id: delivery_id, state: delivery_state });
  };
  return (
    <section aria-labelledby="say">
      <h2 id="say">Say something</h2>
      <div class="columns">
        <MessageForm label="Ask" about="A question, which stays open until it is answered" submit="Ask" send={ask} />
        <MessageForm label="Notify" about="A message that needs no reply" submit="Notify" send={notify} />
      </div>
      <p role="status">
        {sent && (
          <>
            Sent: <Badge state={sent.state} /> <a href={linkTo("traces", sent.id)}>its trace</a>
          </>
        )}
      </p>
    </section>
  );
}
