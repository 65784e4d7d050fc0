import type { JSX } from "preact";
import { isAnodeError } from "../../../lib/errors.js";
import { type LinkRequest, type OrphanPane } from "../../../lib/panes/schema.js";
import { useApp, useLoaded } from "../use.js";
import { Field, type Filled, Form } from "./form.js";
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
  const hasNone = isAnodeError(error) && error.code === "pane_backend_unavailable";
  return (
    <section aria-labelledby="orphans">
      <h2 id="orphans">Panes without a peer</h2>
      {hasNone ? <p class="empty">There is no terminal multiplexer here.</p> : <Problem error={error} />}
      {value && (
        <Table caption="Panes without a peer" heads={["Pane", "Command", "Folder", "Link"]} empty="No pane is left over.">
          {value.panes.map((pane) => (
            <PaneLine key={pane.pane_id} pane={pane} linked={reload} />
          ))}
        </Table>
      )}
    </section>
  );
}

function PaneLine({ pane, linked }: { readonly pane: OrphanPane; readonly linked: () => void }): JSX.Element {
  const { client } = useApp();
  const { pane_id, command, cwd, session, window: tab, detected_backend } = pane;
  const link = async ({ backend, name }: Filled): Promise<void> => {
    await client.panes.link({ pane_id, backend: backend as LinkRequest["backend"], ...(name !== undefined && { name }) });
    linked();
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
      <td>
        <Form label={`Link pane ${pane_id}`} scope="control" submit="Link" run={link}>
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
