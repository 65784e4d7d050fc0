import { asOwnPeer } from "../agent-hook/own-peer.js";
import { type Hook, hookCommand } from "../agent-hook/run-hook.js";

/** Notes that are no dialog and say nothing of the composer. */
const remarks = new Set(["auth_success", "elicitation_complete", "elicitation_response"]);

/** `anode hook notification`: a dialog is open, or nobody has typed for a while. What is not known counts as a dialog. */
export const run = hookCommand(async (hook) => {
  const type = hook.told.text("notification_type") ?? (isIdleNote(hook) ? "idle_prompt" : "");
  if (remarks.has(type)) return;
  const turn_state = type === "idle_prompt" ? "idle" : "awaiting_input";
  await asOwnPeer(hook, async ({ client, peer_id }) => {
    await client.session.update({ peer_id, turn_state });
  });
});

/** Older runtimes only say it in words. */
function isIdleNote({ told }: Hook): boolean {
  return told.text("message") === "Claude is waiting for your input";
}
