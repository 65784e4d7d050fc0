import type { Preview, StreamEvent } from "../../lib/events/event.js";
import { usageLine } from "./format.js";
import { noteOf } from "./run-notes.js";
import { lineOf, type Row } from "./run-row.js";

/** The rows of a run, made of its events as they come. */
export interface RunRows {
  readonly rows: readonly Row[];
  /** Counts what was taken: another number = something is to be drawn. */
  readonly version: number;
  add(event: StreamEvent | Preview): void;
  clear(): void;
}

/** One row of output holds so many characters at most: rows stay of a size that can be drawn. */
const longestOutput = 8_000;

/** Makes {@link RunRows}. Each event costs a look-up, however many there are. */
export function createRunRows(): RunRows {
  let rows: Row[] = [];
  let known = new Map<string, Row>();
  let version = 0;

  function row(key: string, kind: Row["kind"], title: string, text = ""): Row {
    const found = known.get(key);
    if (found) return found;
    const made: Row = { key, kind, title, text, version: 0, events: [] };
    known.set(key, made);
    rows.push(made);
    return made;
  }

  function take(event: StreamEvent): Row {
    const { type, payload, seq } = event;
    const id = (name: string): string => `${name}:${lineOf(payload[name]) || seq}`;
    switch (type) {
      case "turn.started":
        return row(id("turn"), "turn", `Turn ${lineOf(payload["turn"])}`);
      case "turn.completed":
        return Object.assign(row(id("turn"), "turn", `Turn ${lineOf(payload["turn"])}`), { text: turnEnd(payload) });
      case "user.message":
      case "assistant.message":
      case "reasoning.message":
        return Object.assign(row(id("message_id"), "text", type.split(".")[0] as string), {
          text: lineOf(payload["text"]),
          isGrowing: false,
        });
      case "tool.call":
      case "tool.updated":
      case "tool.result":
        return takeTool(type, row(id("call_id"), "tool", lineOf(payload["name"]) || "tool"), payload);
      case "process.output":
        return takeOutput(event);
      case "question.asked":
        return Object.assign(row(id("question_id"), "question", "Question", lineOf(payload["prompt"])), {
          questionId: lineOf(payload["question_id"]),
        });
      case "question.closed":
        return Object.assign(row(id("question_id"), "question", "Question"), { title: `Question ${endingOf(payload)}` });
      case "system.gap":
        return row(
          `gap:${seq}`,
          "gap",
          "Gap",
          `Events ${lineOf(payload["from_seq"])} to ${lineOf(payload["to_seq"])} are not kept any more.`,
        );
      default:
        return row(`e:${seq}`, type.startsWith("run.") ? "state" : "note", type, noteOf(type, payload));
    }
  }

  function takeOutput({ seq, payload }: StreamEvent): Row {
    const [last, stream, text] = [rows.at(-1), lineOf(payload["stream"]), lineOf(payload["text"])];
    const goesOn = last?.kind === "output" && last.title === stream && last.text.length + text.length <= longestOutput;
    const to = goesOn ? last : row(`e:${seq}`, "output", stream);
    to.text += text;
    return to;
  }

  function preview({ type, payload }: Preview): Row | undefined {
    const [text, offset] = [lineOf(payload["text"]), Number(payload["offset"] ?? 0)];
    const isTool = type === "tool.delta";
    const key = isTool ? `call_id:${lineOf(payload["call_id"])}` : `message_id:${lineOf(payload["message_id"])}`;
    const to = row(key, isTool ? "tool" : "text", isTool ? "tool" : (type.split(".")[0] as string));
    to.text = to.text.slice(0, offset) + text;
    to.isGrowing = true;
    return to;
  }

  return {
    get rows() {
      return rows;
    },
    get version() {
      return version;
    },
    add(event) {
      const changed = "seq" in event ? take(event) : preview(event);
      if ("seq" in event) changed?.events.push(event);
      if (changed) changed.version += 1;
      version += 1;
    },
    clear() {
      rows = [];
      known = new Map();
      version += 1;
    },
  };
}

function takeTool(type: string, to: Row, payload: StreamEvent["payload"]): Row {
  if (payload["name"] !== undefined) to.title = lineOf(payload["name"]);
  if (payload["args"] !== undefined) to.args = payload["args"];
  if (type !== "tool.result") return Object.assign(to, { outcome: "open" as const });
  const { ok, denied, deny_reason, error, output } = payload;
  to.outcome = denied ? "denied" : ok ? "ok" : "failed";
  to.text = [deny_reason, error, typeof output === "string" ? output : output === undefined ? "" : JSON.stringify(output, undefined, 2)]
    .map(lineOf)
    .filter(Boolean)
    .join("\n");
  to.isGrowing = false;
  return to;
}

function turnEnd({ finish_reason, usage }: StreamEvent["payload"]): string {
  return [lineOf(finish_reason), typeof usage === "object" && usage ? usageLine(usage as Record<string, unknown>) : ""]
    .filter(Boolean)
    .join(" · ");
}

function endingOf({ outcome, decision, option_id, reason, by }: StreamEvent["payload"]): string {
  const how = [lineOf(outcome), lineOf(decision ?? option_id)].filter(Boolean).join(", ");
  const why = reason !== undefined && reason !== outcome ? ` (${lineOf(reason)})` : "";
  return `${how}${why}${by === undefined ? "" : ` by ${lineOf(by)}`}`;
}
