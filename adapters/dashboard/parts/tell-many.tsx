import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { OperationOutput } from "../../../lib/contract/schemas.js";
import type { Peer } from "../../../lib/peers/schema.js";
import { defaultCircle, isAlwaysThere } from "../always-there.js";
import { linkTo } from "../route.js";
import { useApp } from "../use.js";
import { visibleText } from "../visible-text.js";
import { Field } from "./form.js";
import { MessageForm, type Said } from "./message-form.js";

type Told = OperationOutput<"messages.broadcast">;

const everywhere = "*";

/** One question to several peers, and one message to all of a circle. */
export function TellMany({ peers }: { readonly peers: readonly Peer[] }): JSX.Element | null {
  const { client, missing } = useApp();
  const [told, setTold] = useState<Told>();
  const all = peers.filter((peer) => !isAlwaysThere(peer));
  if (all.length === 0) return null;
  const ask = async (said: Said, to_peers: string[]): Promise<void> => {
    if (to_peers.length === 0) throw new Error("Choose at least one peer.");
    const { parent_id } = await client.asks.askMany({ ...said, to_peers });
    window.location.hash = linkTo("traces", parent_id);
  };
  const tell = async (said: Said, circle: string): Promise<void> => setTold(await client.messages.broadcast({ ...said, circle }));
  // Another circle than one's own is for admins.
  const circles = missing("admin") === undefined ? [...new Set([defaultCircle, ...peers.map(({ circle }) => circle)])] : [defaultCircle];
  const choices = circles.map((circle) => [circle, `circle ${circle}`] as const);
  return (
    <section aria-labelledby="many">
      <h2 id="many">Say something to several</h2>
      <div class="columns">
        <MessageForm
          label="Ask several"
          about="A question; each has an ask of its own"
          submit="Ask them"
          send={(said, _, form) => ask(said, form.getAll("to_peers") as string[])}
        >
          <Recipients peers={all} />
        </MessageForm>
        <MessageForm
          label="Tell a circle"
          about="A message that needs no reply"
          submit="Tell them"
          send={(said, { circle = defaultCircle }) => tell(said, circle)}
        >
          <Field
            name="circle"
            label="To all that are there of"
            options={choices.length > 1 ? [...choices, [everywhere, "every circle"]] : choices}
          />
        </MessageForm>
      </div>
      <p role="status">{told && <Outcome told={told} peers={peers} />}</p>
    </section>
  );
}

function Recipients({ peers }: { readonly peers: readonly Peer[] }): JSX.Element {
  return (
    <div class="field wide" role="group" aria-label="Whom to ask">
      <div class="choices">
        {peers.map(({ peer_id, display_name, circle, status }) => (
          <label key={peer_id}>
            <input type="checkbox" name="to_peers" value={peer_id} />
            <bdi>{visibleText(display_name)}</bdi>
            <small>
              {circle === defaultCircle ? "" : `${visibleText(circle)}, `}
              {status}
            </small>
          </label>
        ))}
      </div>
    </div>
  );
}

function Outcome({ told, peers }: { readonly told: Told; readonly peers: readonly Peer[] }): JSX.Element {
  const { delivery_ids, delivered, sent, queued, failed } = told;
  const nameOf = (id: string): string => visibleText(peers.find(({ peer_id }) => peer_id === id)?.display_name ?? id);
  const counts = [
    [delivered, "delivered"],
    [sent, "sent"],
    [queued, "waiting"],
  ] as const;
  const parts = counts.filter(([ids]) => ids.length > 0).map(([ids, word]) => `${word}: ${ids.map(nameOf).join(", ")}`);
  const refused = failed.map(({ peer_id, code }) => `failed: ${nameOf(peer_id)} (${code})`);
  const [first] = delivery_ids;
  return (
    <>
      {[...parts, ...refused].join("; ") || "Nobody of it is there."}{" "}
      {first !== undefined && <a href={linkTo("traces", first)}>its trace</a>}
    </>
  );
}
