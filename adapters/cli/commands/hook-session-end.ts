import { isAnodeError } from "../../../lib/errors.js";
import { asOwnPeer, type OwnPeer, withClient } from "../agent-hook/own-peer.js";
import { hookCommand } from "../agent-hook/run-hook.js";

/** `anode hook session-end`: the agent is gone, unless its session is only followed by another. */
export const run = hookCommand(async (hook) => {
  const { file, files, pane_id } = hook.place;
  if (hook.told.text("reason") === "clear") return;
  const end = async ({ client, peer_id }: OwnPeer): Promise<void> => {
    await client.peers.offline({ id: peer_id, reason: "session_end", terminal: true });
  };
  if (!file) return pane_id === undefined ? asOwnPeer(hook, end) : undefined;
  try {
    await withClient(hook, file.peer_token, (client) => end({ client, peer_id: file.peer_id }));
  } catch (error) {
    // A daemon that answers and does not know it has nothing to end.
    if (!isAnodeError(error) || error.status === undefined) throw error;
  }
  await files.remove(file.pane_id, file.peer_id);
});
