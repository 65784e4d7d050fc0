import type { TokenInfo } from "../../../lib/tokens/schema.js";
import type { Command } from "../context.js";
import { withClient } from "../open-client.js";
import { formatTable } from "../table.js";

const header = ["ID", "LABEL", "SCOPES", "EXPIRES", "LAST USED", "REVOKED"] as const;

/** `anode token list`: tokens without their secrets. */
export const run: Command = (line, context) =>
  withClient(line, context, async (client) => {
    const page = await client.tokens.list({});
    if (line.has("json")) context.output.json(page);
    else context.output.data(formatTable(header, page.tokens.map(toRow)));
    return 0;
  });

function toRow({ id, label, scopes, expires_at, refresh_expires_at, last_used_at = "", revoked_at = "" }: TokenInfo): string[] {
  return [id, label, scopes.join(","), refresh_expires_at ?? expires_at ?? "when unused", last_used_at, revoked_at];
}
