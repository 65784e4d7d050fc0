import type { Preview, StreamEvent } from "../../lib/events/event.js";
import type { Question } from "../../lib/questions/schema.js";
import type { Output } from "./output.js";
import { shorten } from "./table.js";

type Payload = Readonly<Record<string, unknown>>;

const noteColumns = 200;

/**
 * Tells a run's events as text: what the work says on stdout, what happened around it on stderr.
 * @param asked - hears of a question where nobody puts it to a person
 */
export function createTranscript(output: Output, asked?: (question: Question) => void): (event: StreamEvent | Preview) => void {
  let hasSpoken = false;
  const tell: Readonly<Record<string, (payload: Payload) => void>> = {
    "assistant.message": ({ text }) => say(withLineEnd(String(text))),
    "process.output": ({ stream, text }) => (stream === "stderr" ? output.errorData(String(text)) : say(String(text))),
    "tool.call": ({ name, args }) => note(`${String(name)} ${JSON.stringify(args)}`),
    "tool.result": ({ name, ok, error, denied, deny_reason }) => {
      const ending = denied === true ? "denied" : "failed";
      if (ok === false) note(`${String(name)} ${ending}: ${String(deny_reason ?? error ?? "no reason given")}`);
    },
    "question.asked": (payload) => {
      if (!asked) return;
      note(`${String(payload["run_id"])} asks: ${String(payload["prompt"])}`);
      asked(payload as unknown as Question);
    },
    "question.closed": ({ question_id, outcome, decision, reason }) =>
      note(`${String(question_id)} ${[outcome, decision, reason].filter(Boolean).join(", ")}`),
    "system.notice": ({ level, code, text }) => note(`${String(level)} ${String(code)}: ${String(text)}`),
    "system.gap": ({ from_seq, to_seq }) => note(`events ${String(from_seq)} to ${String(to_seq)} are no longer kept`),
    "model.retry": ({ attempt, max_attempts, reason }) => note(`model retry ${String(attempt)}/${String(max_attempts)}: ${String(reason)}`),
    "budget.warning": ({ name, used, limit }) => note(`budget ${String(name)}: ${String(used)} of ${String(limit)} used`),
    "check.completed": ({ name, severity, findings }) => say(withLineEnd(`[${String(severity)}] ${String(name)}: ${String(findings)}`)),
    "session.saved": ({ session_id, archived }) => note(`thread ${String(session_id)}${archived === true ? ", archived" : ""}`),
    "run.completed": (payload) => {
      // Work that never spoke may still have a result.
      if (!hasSpoken && typeof payload["result"] === "string") say(withLineEnd(payload["result"]));
      note(ending("completed", payload));
    },
    "run.failed": (payload) => output.note(`${ending("failed", payload)}\n${String(payload["error"] ?? "")}`),
    "run.canceled": (payload) => note(ending("canceled", payload)),
    "run.interrupted": (payload) => output.note(`${ending("interrupted", payload)}\n${String(payload["error"] ?? "")}`),
  };

  function say(text: string): void {
    hasSpoken = true;
    output.data(text);
  }

  function note(text: string): void {
    output.note(shorten(text, noteColumns));
  }

  return (event) => tell[event.type]?.(event.payload);
}

function ending(status: string, { stop_reason, duration_ms }: Payload): string {
  const seconds = typeof duration_ms === "number" ? `, ${(duration_ms / 1000).toFixed(1)} s` : "";
  return `${status} (${String(stop_reason)}${seconds})`;
}

function withLineEnd(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}
