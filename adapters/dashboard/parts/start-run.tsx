import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { RunRequest } from "../../../lib/runs/schema.js";
import { linkTo } from "../route.js";
import { useApp } from "../use.js";
import { Field, type Filled, Form } from "./form.js";

const kinds = [
  ["prompt", "A task for an agent"],
  ["command", "A command of the configuration"],
  ["argv", "A program"],
  ["shell", "A shell command"],
] as const;
const labels: Readonly<Record<string, string>> = {
  prompt: "Prompt",
  command: "Name of the command",
  argv: "Program and arguments, one a line",
  shell: "Command",
};
const modes = [
  ["", "as the profile says"],
  ["ask", "ask"],
  ["auto", "auto"],
  ["unrestricted", "unrestricted"],
] as const;

/** Starts a run and goes to it. */
export function StartRun(): JSX.Element {
  const { client } = useApp();
  const [kind, setKind] = useState<string>("prompt");
  const start = async (filled: Filled): Promise<void> => {
    const { run_id } = await client.runs.start(toRequest(filled));
    window.location.hash = linkTo("runs", run_id);
  };
  return (
    <details class="panel">
      <summary>Start a run</summary>
      <Form label="Start a run" scope="control" submit="Start" run={start}>
        <Field name="kind" label="What" options={kinds} onInput={setKind} />
        <Field name="text" label={labels[kind] ?? ""} lines={4} isRequired />
        <Field name="profile" label="Profile" hint="default" />
        <Field name="model" label="Model" />
        <Field name="run_label" label="Label" />
        <Field name="cwd" label="Folder" hint="/…" />
        <Field name="approval_mode" label="Approvals" options={modes} />
        <Field name="max_turns" label="Most turns" type="number" />
      </Form>
    </details>
  );
}

/** What the form says, as the contract has it. What is wrong with it the daemon says. */
function toRequest({ kind = "prompt", text = "", max_turns, ...rest }: Filled): RunRequest {
  const what = kind === "argv" ? text.split("\n").filter(Boolean) : kind === "command" ? text.trim() : text;
  return { ...rest, [kind]: what, ...(max_turns !== undefined && { max_turns: Number(max_turns) }) } as RunRequest;
}
