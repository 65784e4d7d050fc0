import type { Clock } from "../host.js";
import type { PaneSockets, StartedHook } from "./ports.js";

/** How the wait for a hook's socket ended. */
export type SocketWait = "connected" | "hook_ended" | "timed_out" | "aborted";

/** Waits until the started hook holds its peer's socket for its pane, until it has ended, the time is over or nobody waits any more. */
export async function waitForSocket(
  { sockets, clock }: { readonly sockets: PaneSockets; readonly clock: Clock },
  { peer_id, pane_id }: { readonly peer_id: string; readonly pane_id: string },
  hook: Pick<StartedHook, "exited">,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<SocketWait> {
  if (signal.aborted) return "aborted";
  const over = new AbortController();
  let cancelTimer = (): void => {};
  let leave = (): void => {};
  try {
    return await new Promise<SocketWait>((resolve) => {
      const say = (outcome: SocketWait) => () => resolve(outcome);
      cancelTimer = clock.schedule(say("timed_out"), timeoutMs);
      leave = say("aborted");
      signal.addEventListener("abort", leave);
      hook.exited.then(say("hook_ended"), say("hook_ended"));
      sockets.connected(peer_id, pane_id, over.signal).then(say("connected"), () => {});
    });
  } finally {
    cancelTimer();
    signal.removeEventListener("abort", leave);
    over.abort();
  }
}
