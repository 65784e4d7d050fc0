import type { Clock } from "../../lib/host.js";
import { defaultLimits } from "../../lib/limits.js";
import { isTerminal } from "./run-status.js";

/**
 * Waits for the end of a run for as long as `timeout_ms` says, `Infinity` included, although one request is held for
 * 55 s at most. Without `timeout_ms` it is one request, as long as the server holds it.
 */
export async function waitInSlices(
  wait: (input: Readonly<Record<string, unknown>>) => Promise<unknown>,
  clock: Clock,
  input: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const limitMs = Number(input["timeout_ms"]);
  if (!(limitMs > defaultLimits.waitMs)) return wait(input);
  const endMs = clock.monotonic() + limitMs;
  for (;;) {
    const leftMs = Math.max(0, Math.ceil(endMs - clock.monotonic()));
    const run = await wait({ ...input, timeout_ms: Math.min(leftMs, defaultLimits.waitMs) });
    if (isTerminal((run as { readonly status?: string }).status) || clock.monotonic() >= endMs) return run;
  }
}
