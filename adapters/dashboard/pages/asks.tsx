import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { AskTable } from "../parts/ask-table.js";
import { Field } from "../parts/form.js";
import { Pager, usePages } from "../parts/pager.js";
import { PeopleInbox } from "../parts/people-inbox.js";
import { Problem } from "../parts/problem.js";
import { useApp, useLoaded } from "../use.js";

const states = [
  ["", "all"],
  ["open", "open"],
  ["closed", "closed"],
] as const;

const none = "No ask yet. An ask is a question to a peer that stays open until it is answered: begin one on the page of a peer.";

/** What peers ask each other, in both directions. */
export function AsksPage(): JSX.Element {
  const { client } = useApp();
  const [state, setState] = useState("");
  const pages = usePages(state);
  const { value, error } = useLoaded(
    () => client.asks.list({ limit: 50, ...(state !== "" && { state: state as "open" | "closed" }), ...pages.input }),
    [state, pages.key],
    ({ type }) => type.startsWith("ask.") || type.startsWith("message."),
  );
  return (
    <>
      <h1>Asks</h1>
      <PeopleInbox />
      <form class="filters" role="search" aria-label="Filter asks" onSubmit={(event) => event.preventDefault()}>
        <Field name="state" label="State" options={states} onInput={setState} />
      </form>
      <Problem error={error} />
      {value && <AskTable caption="Asks" asks={value.asks} empty={state === "" ? none : "No ask matches."} />}
      <Pager pages={pages} next={value?.next_cursor} />
    </>
  );
}
