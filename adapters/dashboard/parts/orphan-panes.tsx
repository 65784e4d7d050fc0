import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { OperationOutput } from "../../../lib/contract/schemas.js";
import { isAnodeError } from "../../../lib/errors.js";
import { type LinkRequest, type OrphanPane } from "../../../lib/panes/schema.js";
import { useApp, useLoaded } from "../use.js";
import { Field, type Filled, Form } from "./form.js";
import { PeerLink } from "./peer-link.js";
import { Problem } from "./problem.js";
import { Table } from "./table.js";
import { Text } from "./text.js";

const backends = ["claude-code", "codex", "gemini", "opencode"] as const;

/** The terminal panes that are no peer's, each with the form that makes a peer of its agent. */
export function OrphanPanes(): JSX.Element {
  const { client } = useApp();
  const { value, error, reload } = useLoaded(
    () => client.panes.orphans(),
    [],
    ({ type }) => /^(peer|pane)\./.test(type),
  );
  const [linked, setLinked] = useState<OperationOutput<"panes.link">>();
  const hasNone = isAnodeError(error) && error.code === "pane_backend_unavailable";
  return (
    <section aria-labelledby="orphans">
      <h2 id="orphans">Panes without a peer</h2>
      {hasNone ? <p class="empty">There is no terminal multiplexer here.</p> : <Problem error={error} />}
      {value && (
        <Table caption="Panes without a peer" heads={["Pane", "Command", "Folder", "Link"]} empty="No pane is left over.">
          {value.panes.map((pane) => (
            <PaneLine key={pane.pane_id} pane={pane} linked={(peer) => (setLinked(peer), reload())} />
          ))}
        </Table>
      )}
      <p role="status">
        {linked && (
          <>
            Pane {linked.pane_id} is now the peer <PeerLink id={linked.peer_id} name={linked.display_name} /> of circle{" "}
            <Text of={linked.circle} />.
          </>
        )}
      </p>
    </section>
  );
}

function PaneLine({
  pane,
  linked,
}: {
  readonly pane: OrphanPane;
  readonly linked: (peer: OperationOutput<"panes.link">) => void;
}): JSX.Element {
  const [progress, says] = useState("");
  const { client } = useApp();
  const { pane_id, command, cwd, session, window: tab, detected_backend } = pane;
  const link = async ({ backend, name }: Filled): Promise<void> => {
    says("Starting its hook …");
    try {
      linked(await client.panes.link({ pane_id, backend: backend as LinkRequest["backend"], ...(name !== undefined && { name }) }));
    } finally {
      says("");
    }
  };
  return (
    <tr>
      <th scope="row">
        {pane_id}
        <small>
          <Text of={`${session}:${tab}`} />
        </small>
      </th>
      <td>
        <Text of={command} />
      </td>
      <td class="long">
        <Text of={cwd} />
      </td>
      <td class="long">
        <Form label={`Link pane ${pane_id}`} scope="control" submit="Link" run={link} progress={progress}>
          <Field
            name="backend"
            label="Agent"
            options={backends.map((name) => [name, name] as const)}
            {...(detected_backend && { value: detected_backend })}
          />
          <Field name="name" label="Name" />
        </Form>
      </td>
    </tr>
  );
}
