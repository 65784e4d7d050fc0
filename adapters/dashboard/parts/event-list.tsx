import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { RunStream } from "../run-stream.js";
import { useCell } from "../use.js";
import { EventRow } from "./event-row.js";
import { VirtualList } from "./virtual-list.js";

/** The rows of a run. What is unfolded stays so while its row is out of view. */
export function EventList({ stream, isLive }: { readonly stream: RunStream; readonly isLive: boolean }): JSX.Element {
  useCell(stream.drawn);
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set());
  const { rows } = stream.rows;
  const toggle = (name: string, isOpen: boolean): void =>
    setUnfolded((known) => {
      const next = new Set(known);
      if (isOpen) next.add(name);
      else next.delete(name);
      return next;
    });
  if (rows.length === 0) return <p class="empty">No event yet.</p>;
  return (
    <VirtualList
      label="Events of this run"
      beginsAtEnd={isLive}
      count={rows.length}
      keyOf={(index) => rows[index]?.key ?? ""}
      draw={(index) => {
        const row = rows[index];
        return (
          row && (
            <EventRow
              row={row}
              version={row.version}
              isOpen={(part) => unfolded.has(`${row.key} ${part}`)}
              toggle={(part, isOpen) => toggle(`${row.key} ${part}`, isOpen)}
            />
          )
        );
      }}
    />
  );
}
