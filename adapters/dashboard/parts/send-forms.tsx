import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Peer } from "../../../lib/peers/schema.js";
import { linkTo } from "../route.js";
import { useApp } from "../use.js";
import { Badge } from "./badge.js";
import { Field, type Filled, Form } from "./form.js";

interface Sent {
  readonly id: string;
  readonly state: string;
}

/** An ask, or a message that needs no reply, to a peer. */
export function SendForms({ peer }: { readonly peer: Peer }): JSX.Element {
  const { client } = useApp();
  const [sent, setSent] = useState<Sent>();
  const to = { to_peer: peer.peer_id, if_unavailable: "queue" as const };
  const ask = async ({ text = "" }: Filled): Promise<void> => {
    const { correlation_id, delivery_state } = await client.asks.ask({ ...to, text });
    setSent({ id: correlation_id, state: delivery_state });
  };
  const notify = async ({ text = "" }: Filled): Promise<void> => {
    const { delivery_id, delivery_state } = await client.messages.notify({ ...to, text });
    setSent({ id: delivery_id, state: delivery_state });
  };
  return (
    <section aria-labelledby="say">
      <h2 id="say">Say something</h2>
      <div class="columns">
        <Form label="Ask" scope="control" submit="Ask" run={ask}>
          <Field name="text" label="A question, which stays open until it is answered" lines={3} isRequired />
        </Form>
        <Form label="Notify" scope="control" submit="Notify" run={notify}>
          <Field name="text" label="A message that needs no reply" lines={3} isRequired />
        </Form>
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
