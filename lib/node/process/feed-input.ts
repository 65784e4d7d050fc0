import type { RunContext } from "../../runs/executor.js";
import type { Child } from "./child.js";
import type { Silence } from "./silence.js";

/** Hands each follow-up input to the process as a line, in order, until no more comes or the process no longer listens. */
export async function feedInput(child: Child, input: RunContext["input"], silence: Silence, signal: AbortSignal): Promise<void> {
  for (;;) {
    const next = await input.next({ signal });
    if (signal.aborted) return next?.putBack();
    if (!next) return child.endInput();
    silence.hold();
    try {
      await child.write(`${next.text}\n`);
    } catch {
      return next.putBack();
    }
    silence.broken();
    await next.delivered();
  }
}
