import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { FeedRow } from "../parts/feed-row.js";
import { Field } from "../parts/form.js";
import { Problem } from "../parts/problem.js";
import { VirtualList } from "../parts/virtual-list.js";
import { useFeedEvents } from "../use-feed-events.js";

const groups = [
  ["", "everything"],
  ["message", "messages"],
  ["ask", "asks"],
  ["question", "questions"],
  ["peer", "peers"],
  ["run", "runs"],
] as const;

/** What changes anywhere in the daemon: the last of it, and then what comes. */
export function FeedPage(): JSX.Element {
  const [group, setGroup] = useState("");
  const [open, setOpen] = useState<number>();
  const { events, error } = useFeedEvents();
  const shown = group === "" ? events : events.filter(({ type }) => type.startsWith(`${group}.`) || type === "system.gap");
  return (
    <>
      <h1>Feed</h1>
      <form class="filters" role="search" aria-label="Filter the feed" onSubmit={(event) => event.preventDefault()}>
        <Field name="group" label="Show" options={groups} onInput={setGroup} />
      </form>
      <Problem error={error} />
      {shown.length === 0 ? (
        <p class="empty">Nothing yet.</p>
      ) : (
        <VirtualList
          label="Feed"
          count={shown.length}
          keyOf={(index) => String(shown[index]?.seq)}
          draw={(index) => {
            const event = shown[index];
            return (
              event && (
                <FeedRow event={event} isOpen={open === event.seq} toggle={() => setOpen(open === event.seq ? undefined : event.seq)} />
              )
            );
          }}
        />
      )}
    </>
  );
}
