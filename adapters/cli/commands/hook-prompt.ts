import { asOwnPeer } from "../agent-hook/own-peer.js";
import { hookCommand, turnIdOf } from "../agent-hook/run-hook.js";

/** `anode hook prompt`: the agent begins to work. */
export const run = hookCommand(async (hook) => {
  const first_line = hook.told.text("prompt", 1_024)?.split(/\r?\n/, 1)[0];
  const turn = { turn_id: turnIdOf(hook), event: "started", ...(first_line !== undefined && { first_line }) } as const;
  await asOwnPeer(hook, async ({ client, peer_id }) => {
    await client.session.update({ peer_id, status: "busy", turn_state: "working", turn });
  });
});
