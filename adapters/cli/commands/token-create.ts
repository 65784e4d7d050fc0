import type { Scope } from "../../../lib/caller.js";
import { misuse } from "../command-line.js";
import type { Command } from "../context.js";
import { withClient } from "../open-client.js";

/** `anode token create`: makes a token and prints it, the only time it is shown. */
export const run: Command = async (line, context) => {
  const label = line.text("label");
  const scopes = line
    .list("scope")
    .flatMap((list) => list.split(","))
    .map((scope) => scope.trim())
    .filter(Boolean);
  const ttlMs = line.number("ttl-ms");
  if (label === undefined) throw misuse("token create needs --label.");
  if (scopes.length === 0) throw misuse("token create needs --scope, a comma list of read, control, approve and admin.");
  return withClient(line, context, async (client) => {
    // Which scopes there are is the daemon's to say.
    const made = await client.tokens.create({ label, scopes: scopes as Scope[], ...(ttlMs !== undefined && { ttl_ms: ttlMs }) });
    if (line.has("json")) context.output.json(made);
    else {
      context.output.data(`${made.token}\n`);
      context.output.note(`${made.id} holds ${made.scopes.join(", ")} until ${made.expires_at}; it is not shown again`);
    }
    return 0;
  });
};
