import type { JSX } from "preact";
import type { StreamEvent } from "../../../lib/events/event.js";
import { feedLine } from "../feed-line.js";
import { moment } from "../format.js";
import { linkTo } from "../route.js";
import { visibleJson } from "../visible-text.js";
import { PeerLink } from "./peer-link.js";
import { Block, Text } from "./text.js";

/** One event of the feed as a line, with links to what it is about. */
export function FeedRow({
  event,
  isOpen,
  toggle,
}: {
  readonly event: StreamEvent;
  readonly isOpen: boolean;
  readonly toggle: () => void;
}): JSX.Element {
  const { seq, type, time, run_id, peer_id, payload } = event;
  const trace = payload["correlation_id"] ?? payload["delivery_id"];
  return (
    <div class={`event ${type === "system.gap" ? "gap" : "note"}`}>
      <div class="head">
        <span class="title">{type}</span>
        <Text class="brief" of={feedLine(event)} />
        {run_id !== undefined && <a href={linkTo("runs", run_id)}>run</a>}
        {peer_id !== undefined && <PeerLink id={peer_id} />}
        {typeof trace === "string" && /^(ask|message|reply)\./.test(type) && <a href={linkTo("traces", trace)}>trace</a>}
        <button type="button" class="quiet" aria-expanded={isOpen} aria-label={`JSON of event ${seq}`} onClick={toggle}>
          #{seq} {moment(time, Date.now())}
        </button>
      </div>
      {isOpen && <Block of={visibleJson(event)} label="The event as it came" />}
    </div>
  );
}
