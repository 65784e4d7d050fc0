import { hookCommand } from "../agent-hook/run-hook.js";
import { register } from "../agent-hook/own-peer.js";
import { introduction } from "../agent-hook/introduction.js";

/** `anode hook session`: the agent's session becomes a peer, and is told who it is and who else is there. */
export const run = hookCommand(async (hook) => {
  await register(hook, async ({ client, peer, own }) => {
    const { peers } = await client.peers.list({ status: "online", circle: peer.circle, limit: 50 });
    hook.answer(hook.runtime.context(introduction(peer, peers), own));
  });
});
