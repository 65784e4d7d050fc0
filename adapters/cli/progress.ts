import type { Preview, StreamEvent } from "../../lib/events/event.js";
import { isEvent } from "../../lib/events/event-payloads.js";
import type { Output } from "./output.js";

/** One line on the terminal that says how a run is doing. */
export interface Progress {
  see(event: StreamEvent | Preview): void;
  close(): void;
}

const redrawMs = 100;

/** Redraws at most ten times a second; does nothing where stderr is no terminal. `nowMs` is a monotonic clock. */
export function createProgress(output: Output, nowMs: () => number = () => performance.now()): Progress {
  if (!output.isTerminal) return { see() {}, close() {} };
  const startedAtMs = nowMs();
  let state: Readonly<Record<string, unknown>> = {};
  const timer = setInterval(() => output.progress(progressLine(state, nowMs() - startedAtMs)), redrawMs);
  timer.unref();
  return {
    see(event) {
      state = progressAfter(state, event);
    },
    close() {
      clearInterval(timer);
      output.progress(undefined);
    },
  };
}

/** What is known of the run after one more event. */
export function progressAfter(state: Readonly<Record<string, unknown>>, event: StreamEvent | Preview): Record<string, unknown> {
  const next = { ...state, status: event.status };
  if (isEvent(event, "run.queued")) return { ...next, profile: event.payload.profile };
  if (isEvent(event, "turn.started")) return { ...next, turn: event.payload.turn };
  if (isEvent(event, "usage.updated")) {
    const { input_tokens = 0, output_tokens = 0 } = event.payload;
    return { ...next, tokens: input_tokens + output_tokens };
  }
  if (isEvent(event, "tool.call")) return { ...next, tool: event.payload.name };
  if (isEvent(event, "tool.result")) return { ...next, tool: undefined };
  return next;
}

/** Status, profile, turn, time, tokens and current tool, as far as they are known. */
export function progressLine(state: Readonly<Record<string, unknown>>, elapsedMs: number): string {
  const { status = "connecting", profile, turn, tokens, tool } = state;
  const parts = [
    status,
    profile,
    turn && `turn ${String(turn)}`,
    `${Math.floor(elapsedMs / 1000)} s`,
    tokens && `${String(tokens)} tokens`,
    tool,
  ];
  return parts.filter(Boolean).map(String).join(" · ");
}
