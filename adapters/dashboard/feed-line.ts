import type { StreamEvent } from "../../lib/events/event.js";
import { lineOf } from "./run-row.js";

/** What an event of the feed says, in a line. */
export function feedLine({ type, payload }: StreamEvent): string {
  const word = (name: string): string => lineOf(payload[name]);
  const [noun] = type.split(".");
  switch (noun) {
    case "run":
      return `${word("label") || word("profile")}: ${payload["from"] === undefined ? "" : `${word("from")} → `}${word("to")}`;
    case "question":
      return type === "question.asked" ? word("prompt") : [word("outcome"), word("decision"), word("by")].filter(Boolean).join(" ");
    case "ask":
    case "message":
    case "reply":
      return [
        [word("from_name"), word("to_name")].filter(Boolean).join(" → "),
        word("text") || word("reply_text") || word("close_reason") || word("delivery_state") || word("reason"),
      ]
        .filter(Boolean)
        .join(": ");
    case "peer":
      return (
        [word("display_name"), payload["to"] === undefined ? "" : `${word("from")} → ${word("to")}`, word("reason"), word("detail")]
          .filter(Boolean)
          .join(" ") || JSON.stringify(payload)
      );
    case "system":
      return `Events ${word("from_seq")} to ${word("to_seq")} are not kept any more.`;
    default:
      return JSON.stringify(payload).slice(0, 200);
  }
}
