import type { Command } from "../context.js";
import { withClient } from "../open-client.js";

/** `anode token revoke`: ends a token at once. */
export const run: Command = (line, context) =>
  withClient(line, context, async (client) => {
    const [id = ""] = [...line.words, ...line.rest];
    const revoked = await client.tokens.revoke({ id });
    context.output.data(`${revoked.id} revoked\n`);
    return 0;
  });
