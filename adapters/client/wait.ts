import type { Clock } from "../../lib/host.js";
import { defaultLimits } from "../../lib/limits.js";
import { isTerminal } from "./run-status.js";

type Document = { readonly status?: string };

/** What is waited for: how long one request is held at most, and which answer is the last. */
export interface Waiting {
  readonly sliceMs: number;
  isOver(answer: Document): boolean;
}

/** The end of a run. */
export const runEnd: Waiting = { sliceMs: defaultLimits.waitMs, isOver: ({ status }) => isTerminal(status) };

/** The reply to an ask. */
export const askReply: Waiting = { sliceMs: 50_000, isOver: ({ status }) => status === "resolved" };

/**
 * Waits for as long as `timeout_ms` says, `Infinity` included, although one request is held for less. Without `timeout_ms` it
 * is one request, as long as the server holds it.
 */
export async function waitInSlices(
  { sliceMs, isOver }: Waiting,
  wait: (input: Readonly<Record<string, unknown>>) => Promise<unknown>,
  clock: Clock,
  input: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const limitMs = Number(input["timeout_ms"]);
  if (!(limitMs > sliceMs)) return wait(input);
  const endMs = clock.monotonic() + limitMs;
  for (;;) {
    const leftMs = Math.max(1, Math.ceil(endMs - clock.monotonic()));
    const answer = await wait({ ...input, timeout_ms: Math.min(leftMs, sliceMs) });
    if (isOver(answer as Document) || clock.monotonic() >= endMs) return answer;
  }
}
