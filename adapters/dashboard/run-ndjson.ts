import type { Client } from "../client/client-types.js";

const pageSize = 1000;

/** The events of a run that are committed by now, one line each, read page by page. */
export async function runAsNdjson(client: Client, id: string): Promise<string[]> {
  const lines: string[] = [];
  for (let after = 0; ; ) {
    const page = await client.runs.events({ id, after, limit: pageSize });
    for (const event of page.events) lines.push(`${JSON.stringify(event)}\n`);
    if (page.next_after <= after || page.next_after >= page.last_seq) return lines;
    after = page.next_after;
  }
}
