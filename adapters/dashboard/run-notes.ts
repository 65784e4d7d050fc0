import { cost, duration, usageLine } from "./format.js";
import { lineOf } from "./run-row.js";

type Payload = Readonly<Record<string, unknown>>;

/** One line on an event that has no form of its own; its JSON is there for the rest. */
export function noteOf(type: string, payload: Payload): string {
  return (notes[type] ?? plainNote)(payload);
}

const notes: Readonly<Record<string, (payload: Payload) => string>> = {
  "system.notice": ({ level, code, text }) => `${lineOf(level)} ${lineOf(code)}: ${lineOf(text)}`,
  "system.init": ({ profile_name, active_model, cwd }) => [profile_name, active_model, cwd].map(lineOf).filter(Boolean).join(" · "),
  "usage.updated": ({ cost_usd, ...usage }) =>
    [usageLine(usage), typeof cost_usd === "number" ? cost(cost_usd) : ""].filter(Boolean).join(" · "),
  "file.changed": ({ path, change, added, removed }) =>
    `${lineOf(change)} ${lineOf(path)}${added === undefined ? "" : ` +${lineOf(added)}`}${removed === undefined ? "" : ` −${lineOf(removed)}`}`,
  "plan.updated": ({ entries }) =>
    (Array.isArray(entries) ? (entries as Payload[]) : [])
      .map(({ content, status }) => `[${lineOf(status)}] ${lineOf(content)}`)
      .join("\n"),
  "process.started": ({ argv }) => (Array.isArray(argv) ? argv.map(lineOf).join(" ") : ""),
  "process.exited": ({ exit_code, signal }) => (signal === undefined ? `exit status ${lineOf(exit_code)}` : `signal ${lineOf(signal)}`),
  "run.queued": ({ profile, executor }) => `profile ${lineOf(profile)}, executor ${lineOf(executor)}`,
  "run.started": ({ wait_ms }) => `after ${duration(Number(wait_ms ?? 0))} in the queue`,
  "run.completed": ending,
  "run.failed": ending,
  "run.canceled": ending,
  "run.interrupted": ending,
};

function ending({ stop_reason, error, result, by, reason }: Payload): string {
  const why = [lineOf(stop_reason), lineOf(reason), by === undefined ? "" : `by ${lineOf(by)}`].filter(Boolean).join(" · ");
  return [why, lineOf(error ?? result)].filter(Boolean).join("\n");
}

function plainNote(payload: Payload): string {
  const text = payload["text"];
  if (typeof text === "string") return text;
  const json = JSON.stringify(payload);
  return json === "{}" ? "" : json.slice(0, 400);
}
