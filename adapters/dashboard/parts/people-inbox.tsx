import type { JSX } from "preact";
import { moment } from "../format.js";
import { linkTo } from "../route.js";
import { useApp, useLoaded, useNow } from "../use.js";
import { Action } from "./action.js";
import { Attachments } from "./attachments.js";
import { Problem } from "./problem.js";
import { Block, Text } from "./text.js";

const people = "human";

/** The messages that wait for a person. They are delivered when somebody says that they were seen. */
export function PeopleInbox(): JSX.Element | null {
  const { client } = useApp();
  const now = useNow(30_000);
  const { value, error, reload } = useLoaded(
    () => client.deliveries.pending({ peer_id: people, limit: 100 }),
    [],
    ({ type }) => type.startsWith("message."),
  );
  const seen = async (): Promise<void> => {
    const { claim_id } = await client.messages.claim({ peer_id: people, limit: 100 });
    const shown = (value?.messages ?? []).map(({ delivery_id }) => delivery_id);
    // What was claimed but is not on the page yet goes on waiting.
    if (claim_id !== undefined) await client.messages.confirm({ claim_id, delivery_ids: shown });
    reload();
  };
  if (error !== undefined) return <Problem error={error} />;
  if (!value || value.messages.length === 0) return null;
  return (
    <section aria-labelledby="for-you">
      <h2 id="for-you">For you</h2>
      {value.messages.map(({ delivery_id, trace_id, kind, from_name, text, created_at, attachments = [] }) => (
        <article key={delivery_id} class="card">
          <p>
            {kind} from <Text of={from_name} />, {moment(created_at, now)}{" "}
            <a href={linkTo("traces", trace_id)}>{kind === "ask" ? "Reply" : "Open"}</a>
          </p>
          <Block of={text} isProse />
          <Attachments files={attachments} />
        </article>
      ))}
      <Action scope="control" run={seen}>
        Mark as seen
      </Action>
    </section>
  );
}
