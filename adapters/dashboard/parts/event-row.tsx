import type { JSX } from "preact";
import type { Row } from "../run-row.js";
import { moment } from "../format.js";
import { visibleJson, visibleText } from "../visible-text.js";
import { Badge } from "./badge.js";
import { Block, Text } from "./text.js";

interface EventRowProps {
  readonly row: Row;
  readonly version: number;
  readonly isOpen: (part: string) => boolean;
  readonly toggle: (part: string, isOpen: boolean) => void;
}

/** One row of a run: text as it is, a tool's call folded, and the JSON of its events for who wants it. */
export function EventRow({ row, isOpen, toggle }: EventRowProps): JSX.Element {
  const [first] = row.events;
  return (
    <div class={`event ${row.kind} ${row.kind === "text" ? row.title : ""}`}>
      <div class="head">
        {row.kind === "turn" ? <h3>{visibleText(row.title)}</h3> : <Text of={titleOf(row)} class="title" />}
        {row.outcome !== undefined && <Badge state={row.outcome} />}
        {row.isGrowing && <Badge state="working" />}
        {row.kind === "tool" && row.args !== undefined && <Text class="brief" of={JSON.stringify(row.args).slice(0, 160)} />}
        {row.kind === "turn" && <Text class="brief" of={row.text} />}
        {row.kind === "question" && row.outcome === undefined && <a href="#/questions">to the questions</a>}
        {first && (
          <button
            type="button"
            class="quiet"
            aria-expanded={isOpen("json")}
            aria-label={`JSON of event ${first.seq}`}
            onClick={() => toggle("json", !isOpen("json"))}
          >
            #{first.seq} {moment(first.time, Date.now())}
          </button>
        )}
      </div>
      {row.kind === "tool" ? <Tool row={row} isOpen={isOpen("tool")} toggle={(now) => toggle("tool", now)} /> : <Body row={row} />}
      {isOpen("json") && <Block of={row.events.map(visibleJson).join("\n")} label="Events as they came" />}
    </div>
  );
}

function titleOf({ kind, title }: Row): string {
  return kind === "output" ? `output (${title})` : title;
}

function Body({ row }: { readonly row: Row }): JSX.Element | null {
  if (row.text === "" || row.kind === "turn") return null;
  return row.kind === "output" || row.kind === "text" ? <Block of={row.text} /> : <p class="note">{visibleText(row.text)}</p>;
}

function Tool({
  row,
  isOpen,
  toggle,
}: {
  readonly row: Row;
  readonly isOpen: boolean;
  readonly toggle: (isOpen: boolean) => void;
}): JSX.Element {
  return (
    <details open={isOpen} onToggle={(event) => event.currentTarget.open !== isOpen && toggle(event.currentTarget.open)}>
      <summary>Arguments and output</summary>
      {isOpen && (
        <>
          <Block of={visibleJson(row.args ?? {})} label="Arguments" />
          {row.text !== "" && <Block of={row.text} label="Output" />}
        </>
      )}
    </details>
  );
}
