import type { JSX } from "preact";

const tones: Readonly<Record<string, string>> = {
  completed: "good",
  online: "good",
  ok: "good",
  delivered: "good",
  live: "good",
  answered: "good",
  running: "busy",
  busy: "busy",
  open: "busy",
  working: "busy",
  connecting: "busy",
  waiting: "warn",
  queued: "warn",
  degraded: "warn",
  warning: "warn",
  reconnecting: "warn",
  awaiting_input: "warn",
  unverified: "warn",
  failed: "bad",
  fail: "bad",
  error: "bad",
  interrupted: "bad",
  denied: "bad",
  no_hook: "bad",
  pane_unsafe: "bad",
};

/** A state: its word, with a color that says nothing beyond the word. */
export function Badge({ state }: { readonly state: string }): JSX.Element {
  return <span class={`badge ${tones[state] ?? "plain"}`}>{state.replaceAll("_", " ")}</span>;
}
