import { isAnodeError } from "../errors.js";
import type { Clock } from "../host.js";
import { type KnownProcess, lookAtPane } from "./look-at-pane.js";
import type { PaneBackend } from "./pane-backend.js";

/** Why nothing was typed. */
export type PasteRefusal = "not_idle" | "pane_unsafe" | "copy_mode" | "pane_missing" | "pane_unavailable";

/** What became of a paste; `failed` when something may have been typed, but was not submitted. */
export type PasteReceipt =
  | { readonly status: "injected" }
  | { readonly status: "rejected"; readonly detail: PasteRefusal }
  | { readonly status: "failed"; readonly detail: string };

/** Where a text goes. */
export interface PasteTarget {
  readonly pane_id: string;
  readonly agent: KnownProcess;
}

/** What pasting needs of its surroundings. */
export interface PastePorts {
  readonly panes: PaneBackend;
  readonly clock: Clock;
  /**
   * Asked anew each time: true when `idle` is the turn state reported last and no other one was reported since the message
   * left the daemon. Whatever cannot be known is false, and so is a rejection.
   */
  onlyIdle(): Promise<boolean>;
  /** Time between the paste and Enter, in which the agent takes the text in. @defaultValue 400 */
  readonly enterAfterMs?: number;
}

const enterAfterMs = 400;

/**
 * Puts a text into an agent's composer and submits it, if the pane still runs the agent in front, shows no mode, and the
 * agent was reported as nothing but idle; the same is looked at again before Enter, which would answer a dialog that came
 * up, or start a command in the shell that is left. Enter is sent at most once, whatever becomes of it.
 */
export async function pasteOnce(text: string, target: PasteTarget, ports: PastePorts): Promise<PasteReceipt> {
  const refusal = await refusalOf(target, ports);
  if (refusal !== undefined) return { status: "rejected", detail: refusal };
  try {
    await ports.panes.paste(target.pane_id, text);
    await new Promise<void>((resolve) => void ports.clock.schedule(resolve, ports.enterAfterMs ?? enterAfterMs));
    const change = await refusalOf(target, ports);
    if (change !== undefined) return { status: "failed", detail: `not_submitted: ${change}` };
    await ports.panes.submit(target.pane_id);
    return { status: "injected" };
  } catch (error) {
    return { status: "failed", detail: isAnodeError(error) ? error.code : "injection_failed" };
  }
}

/** Why nothing may be typed now. What was reported is asked last: it changes faster than a pane. */
async function refusalOf({ pane_id, agent }: PasteTarget, { panes, onlyIdle }: PastePorts): Promise<PasteRefusal | undefined> {
  const { probe, pane, agent_in_tree, agent_in_front } = await lookAtPane(panes, pane_id, agent);
  if (probe === "fail") return "pane_missing";
  if (probe === "unavailable" || !pane || agent_in_tree === undefined) return "pane_unavailable";
  if (!agent_in_tree || agent_in_front !== true) return "pane_unsafe";
  if (pane.in_mode) return "copy_mode";
  return (await onlyIdle().catch(() => false)) ? undefined : "not_idle";
}
