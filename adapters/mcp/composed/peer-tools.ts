import * as z from "zod";
import { isAnodeError } from "../../../lib/errors.js";
import { type Calls, composedTool } from "./composed-tool.js";

type Peer = Readonly<Record<string, unknown>>;

const mostPeers = 1000;

/** Tool `list_peers`: the others, as far as they are there. */
export const listPeers = composedTool({
  description: "List the peers that can be asked and told, newest first.",
  input: z.strictObject({
    circle: z.string().min(1).max(64).exactOptional(),
    show_offline: z.boolean().exactOptional().describe("Those that are offline too (default false)"),
    include_self: z.boolean().exactOptional().describe("Yourself too (default false)"),
  }),
  async call(client, { circle, show_offline = false, include_self = false }) {
    const filters = { ...(circle !== undefined && { circle }), ...(!show_offline && { status: "online" }) };
    const { peers, ...rest } = await client.call("peers.list", { ...filters, limit: mostPeers });
    const self = include_self ? undefined : await ownPeerId(client);
    return { peers: (peers as readonly Peer[]).filter(({ peer_id }) => self === undefined || peer_id !== self), ...rest };
  },
});

/** Tool `set_description`: what the agent says of its own work. */
export const setDescription = composedTool({
  description: "Say what you are working on, for the other peers to see; it is forgotten after a while.",
  input: z.strictObject({ description: z.string().max(500) }),
  async call(client, { description }) {
    const { peer_id } = await client.call("peers.whoami", {});
    return client.call("peers.update", { id: peer_id, description: description.trim() === "" ? null : description });
  },
});

async function ownPeerId(client: Calls): Promise<unknown> {
  try {
    return (await client.call("peers.whoami", {}))["peer_id"];
  } catch (error) {
    if (isAnodeError(error) && error.code === "peer_not_found") return undefined;
    throw error;
  }
}
