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

/** What is worth a look, by the names in the status document. */
const brief = [
  ["Addresses", "addresses"],
  ["Store", "store.kind", "store.size_bytes"],
  ["Memory", "memory.rss_bytes"],
  ["Event loop delay, p99", "event_loop_delay_ms.p99"],
  ["Containment", "containment.level"],
  ["Panes", "mesh.pane_backend"],
] as const;

/** How it is with the daemon: the whole status document, its limits, and the tokens. */
export function HealthPage(): JSX.Element {
  const { client } = useApp();
  const { value, error, reload } = useLoaded(() => client.status(), []);
  useEffect(() => {
    const timer = setInterval(reload, everyMs);
    return () => clearInterval(timer);
  }, []);
  const { limits, degraded = [], ...rest }: Partial<OperationOutput<"status">> = value ?? {};
  const rows = new Map(statusRows(rest, bytes, duration));
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
              ["Open questions", String(value["questions_open"])],
              ...brief.flatMap(([label, ...names]) => {
                const texts = names.flatMap((name) => rows.get(name) ?? []);
                return texts.length > 0 ? [[label, texts.join(", ")] as const] : [];
              }),
            ]}
          />
        </section>
      )}
      {value && <Folded title="Everything the daemon says of itself" rows={rows} />}
      {typeof limits === "object" && (
        <Folded title="Limits" rows={new Map(statusRows(limits as Record<string, unknown>, bytes, duration))} />
      )}
      <Tokens />
    </>
  );
}

function Folded({ title, rows }: { readonly title: string; readonly rows: ReadonlyMap<string, string> }): JSX.Element {
  return (
    <details class="panel">
      <summary>{title}</summary>
      <Table caption={title} heads={["Name", "Value"]} empty="Nothing.">
        {[...rows].map(([name, text]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td class="long">{text}</td>
          </tr>
        ))}
      </Table>
    </details>
  );
}
