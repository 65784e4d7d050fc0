import type { JSX } from "preact";
import type { RunSummary } from "../../../lib/runs/schema.js";
import { isTerminal } from "../../client/run-status.js";
import { runAsNdjson } from "../run-ndjson.js";
import { saveFile } from "../save-file.js";
import { useApp } from "../use.js";
import { Action } from "./action.js";
import { Copy } from "./copy.js";

/** What can be done with a run. */
export function RunActions({ run }: { readonly run: RunSummary }): JSX.Element {
  const { client } = useApp();
  const { id, label, status } = run;
  const download = async (): Promise<void> =>
    saveFile(`${id}.ndjson`, new Blob(await runAsNdjson(client, id), { type: "application/x-ndjson" }));
  return (
    <div class="actions" role="group" aria-label="Actions of this run">
      {!isTerminal(status) && (
        <Action scope="control" tone="danger" confirm={`Cancel the run “${label || id}”?`} run={() => client.runs.cancel({ id })}>
          Cancel run
        </Action>
      )}
      <Copy text={id}>Copy id</Copy>
      <Action scope="read" run={download}>
        Download NDJSON
      </Action>
    </div>
  );
}
