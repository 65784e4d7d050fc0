import * as z from "zod";
import { isAnodeError } from "../../../lib/errors.js";
import { type ComposedTool, composedTool } from "./composed-tool.js";

const defaultLimit = 20;
const leaseMs = 300_000;

/**
 * Tool `inbox`. Messages are claimed, and confirmed by the next call: an answer that was lost brings them again. An ask is told
 * as an ask; what waits of it in the queue is not told a second time.
 */
export function createInboxTool(): ComposedTool {
  let claimed: string | undefined;
  return composedTool({
    description: "Read what waits for you: messages, and asks that are open until you ack, answer or decline them.",
    input: z.strictObject({ limit: z.int().min(1).max(100).exactOptional().describe(`At most so many of each (default ${defaultLimit})`) }),
    async call(client, { limit = defaultLimit }) {
      if (claimed !== undefined) {
        const claim_id = claimed;
        claimed = undefined;
        await client.call("messages.confirm", { claim_id }).catch(unlessExpired);
      }
      const { peer_id } = await client.call("peers.whoami", {});
      const { claim_id, messages } = await client.call("messages.claim", { limit, lease_ms: leaseMs });
      claimed = claim_id as string | undefined;
      const open = await client.call("asks.pending", { peer_id, limit });
      const notes = (messages as readonly { readonly kind: string }[]).filter(({ kind }) => kind !== "ask");
      return { messages: notes, asks: open["asks"], total_asks: open["total"] };
    },
  });
}

/** Its time was over: the messages have come back to the queue and come again. */
function unlessExpired(error: unknown): void {
  if (!isAnodeError(error) || error.code !== "claim_expired") throw error;
}
