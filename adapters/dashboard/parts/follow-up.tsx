import type { JSX } from "preact";
import { useApp } from "../use.js";
import { Field, type Filled, Form } from "./form.js";

const ways = [
  ["queue", "as the next task"],
  ["steer", "at the next step"],
] as const;

/** A message to a run that is at work. */
export function FollowUp({ id }: { readonly id: string }): JSX.Element {
  const { client } = useApp();
  const send = ({ text = "", delivery }: Filled): Promise<unknown> =>
    client.runs.input({ id, text, delivery: delivery as "queue" | "steer" });
  return (
    <section aria-labelledby="follow-up">
      <h2 id="follow-up">Follow-up</h2>
      <Form label="Follow-up" scope="control" submit="Send" run={send}>
        <Field name="text" label="Message" lines={3} isRequired />
        <Field name="delivery" label="Delivered" options={ways} />
      </Form>
    </section>
  );
}
