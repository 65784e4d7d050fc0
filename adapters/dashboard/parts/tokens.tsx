import type { JSX } from "preact";
import type { TokenInfo } from "../../../lib/tokens/schema.js";
import { moment } from "../format.js";
import { useApp, useLoaded, useNow } from "../use.js";
import { Action } from "./action.js";
import { Problem } from "./problem.js";
import { Table } from "./table.js";
import { Text } from "./text.js";

const heads = ["Label", "Scopes", "Made", "Ends", "Last used", "Actions"];

/** The tokens that hold, for who may see them; the daemon's own can be replaced. */
export function Tokens(): JSX.Element {
  const { client, self, missing } = useApp();
  const reason = missing("admin");
  const { value, error, reload } = useLoaded(async () => (reason === undefined ? (await client.tokens.list()).tokens : []), [reason]);
  const now = useNow(30_000);
  const revoke = async ({ id }: TokenInfo): Promise<void> => {
    await client.tokens.revoke({ id });
    reload();
  };
  return (
    <section aria-labelledby="tokens">
      <h2 id="tokens">Tokens</h2>
      <p>
        You are {self.kind} <Text of={self.label ?? self.id} /> with the scopes {self.scopes.join(", ")}.
      </p>
      <Action
        scope="admin"
        tone="danger"
        confirm="Replace the daemon's first token? The old one works for a minute more, for this page too if it is yours."
        run={() => client.auth.rotate()}
      >
        Rotate the first token
      </Action>
      <Problem error={error} />
      {reason === undefined ? (
        <Table caption="Tokens" heads={heads} empty="No token but the first one.">
          {(value ?? [])
            .filter(({ revoked_at }) => revoked_at === undefined)
            .map((token) => (
              <tr key={token.id}>
                <th scope="row">
                  <Text of={token.label} />
                  <small>
                    {token.id} {token.id === self.id ? "(this page)" : ""}
                  </small>
                </th>
                <td>{token.scopes.join(", ")}</td>
                <td>{moment(token.created_at, now)}</td>
                <td>{token.expires_at === undefined ? "" : moment(token.expires_at, now)}</td>
                <td>{token.last_used_at === undefined ? "never" : moment(token.last_used_at, now)}</td>
                <td>
                  <Action
                    scope="admin"
                    tone="danger"
                    label={`Revoke ${token.label}`}
                    confirm={`Revoke the token “${token.label}” (${token.id})?`}
                    run={() => revoke(token)}
                  >
                    Revoke
                  </Action>
                </td>
              </tr>
            ))}
        </Table>
      ) : (
        <p class="reason">{reason}</p>
      )}
    </section>
  );
}
