import type { AttachmentRef } from "../../../lib/attachments/schema.js";
import type { Command } from "../context.js";
import { withClient } from "../open-client.js";
import { formatTable, shorten } from "../table.js";

const header = ["ID", "NAME", "BYTES", "TYPE", "EXPIRES"] as const;
const nameColumns = 40;
const largestPage = 1000;

/** `anode attachments list`: attachments as a table, newest first. */
export const run: Command = (line, context) =>
  withClient(line, context, async (client) => {
    const limit = line.number("limit") ?? 100;
    const cursor = line.text("cursor");
    const given = cursor === undefined ? {} : { cursor };
    const page =
      limit === 0 || limit > largestPage
        ? { attachments: await client.attachments.all({ ...given, limit: largestPage, ...(limit > 0 && { max: limit }) }) }
        : await client.attachments.list({ ...given, limit });
    if (line.has("json")) context.output.json(page);
    else {
      context.output.data(formatTable(header, page.attachments.map(toRow)));
      if ("next_cursor" in page) context.output.note(`there are more: --cursor ${page.next_cursor}, or --limit 0 for all`);
    }
    return 0;
  });

function toRow({ id, filename, size_bytes, content_type, expires_at }: AttachmentRef): string[] {
  return [id, shorten(filename, nameColumns), String(size_bytes), content_type, expires_at.replace(/\.\d+Z$/, "Z")];
}
