import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { OperationOutput } from "../../../lib/contract/schemas.js";
import { bytes, duration } from "../format.js";
import { Badge } from "../parts/badge.js";
import { Fields } from "../parts/fields.js";
import { Problem } from "../parts/problem.js";
import { Table } from "../parts/table.js";
import { Tokens } from "../parts/tokens.js";
import { useApp, useLoaded } from "../use.js";
import { statusRows } from "../status-rows.js";

const everyMs = 5_000;

/** How it is with the daemon: the whole status document, its limits, and the tokens. */
export function HealthPage(): JSX.Element {
  const { client } = useApp();
  const { value, error, reload } = useLoaded(() => client.status(), []);
  useEffect(() => {
    const timer = setInterval(reload, everyMs);
    return () => clearInterval(timer);
  }, []);
  const { limits, degraded = [], ...rest }: Partial<OperationOutput<"status">> = value ?? {};
  return (
    <>
      <h1>Health</h1>
      <Problem error={error} />
      {value && (
        <section aria-label="Status">
          <Fields
            of={[
              ["Status", <Badge state={value.status} />],
              ["Degraded by", degraded.length > 0 && degraded.join(", ")],
              ["Version", value.version],
              ["Up for", value.uptime_ms === undefined ? undefined : duration(value.uptime_ms)],
              ["Active runs", value.active_runs],
            ]}
          />
          <Table caption="Everything the daemon says of itself" heads={["What", "Value"]} empty="Nothing.">
            {statusRows(rest, bytes, duration).map(([name, text]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{text}</td>
              </tr>
            ))}
          </Table>
        </section>
      )}
      {typeof limits === "object" && (
        <details class="panel">
          <summary>Limits</summary>
          <Table caption="Limits" heads={["Limit", "Value"]} empty="None.">
            {statusRows(limits as Record<string, unknown>, bytes, duration).map(([name, text]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{text}</td>
              </tr>
            ))}
          </Table>
        </details>
      )}
      <Tokens />
    </>
  );
}
