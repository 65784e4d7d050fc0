import type { Command } from "../context.js";
import { withClient } from "../open-client.js";

/** `anode token rotate`: replaces the token of the home folder; the new one is shown by `anode token show` alone. */
export const run: Command = (line, context) =>
  withClient(line, context, async (client) => {
    const { grace_ms } = await client.auth.rotate();
    context.output.note(`the token is replaced; the old one works for ${grace_ms} ms more`);
    return 0;
  });
