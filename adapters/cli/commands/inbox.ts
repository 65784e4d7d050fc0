import type { Message } from "../../../lib/messages/schema.js";
import type { Peer } from "../../../lib/peers/schema.js";
import type { Client } from "../../client/index.js";
import type { CommandLine } from "../command-line.js";
import type { Command, Context } from "../context.js";
import { type InboxItem, inboxLines, itemOfAsk, itemOfEvent, itemOfMessage } from "../inbox-item.js";
import { untilInterrupted } from "../interrupt.js";
import { peerOr } from "../mesh-client.js";
import { withClient } from "../open-client.js";
import { reconnecting } from "../reconnecting.js";

const most = 100;

/** `anode inbox`: open asks and waiting messages, oldest first; with `--follow` also what comes. Ctrl-C ends the reading alone. */
export const run: Command = (line, context) =>
  untilInterrupted((interrupted) =>
    withClient(line, context, async (client) => {
      const peer = await peerOr(client, line.text("peer"));
      // Before what is there is read: what comes meanwhile is shown by one of the two, or by both.
      const { last_seq } = await client.events.list({ tail: 0 });
      const shown = await showWaiting(client, peer, line, context);
      if (line.has("follow")) await follow(client, peer, { after: last_seq, shown, interrupted }, line, context);
      return 0;
    }),
  );

async function showWaiting(client: Client, { peer_id }: Peer, line: CommandLine, { output }: Context): Promise<Set<string>> {
  const { asks } = await client.asks.pending({ peer_id, limit: most });
  const { claim_id, messages, total } = await waitingFor(client, peer_id, line.has("confirm"));
  const waiting = messages.filter(({ kind }) => kind !== "ask").map(itemOfMessage);
  const items = [...asks.map(itemOfAsk), ...waiting].sort((a, b) => (a.time < b.time ? -1 : 1));
  if (line.has("json")) output.json({ asks, messages });
  else for (const item of items) output.data(inboxLines(item));
  if (items.length === 0) output.note("nothing waits");
  if (total > messages.length) output.note(`${total} messages wait; these are the oldest ${messages.length}`);
  // Only now they have been shown: what goes wrong before this brings them again.
  if (claim_id !== undefined) await client.messages.confirm({ claim_id });
  return new Set(items.map(keyOf));
}

/** The messages of a queue, looked at or taken. */
async function waitingFor(
  client: Client,
  peer_id: string,
  isTaken: boolean,
): Promise<{ claim_id?: string; messages: Message[]; total: number }> {
  const looked = await client.deliveries.pending({ peer_id, limit: most });
  return isTaken ? { total: looked.total, ...(await client.messages.claim({ peer_id, limit: most })) } : looked;
}

async function follow(
  client: Client,
  { peer_id }: Peer,
  { after, shown, interrupted }: { after: number; shown: ReadonlySet<string>; interrupted: AbortSignal },
  line: CommandLine,
  { output }: Context,
): Promise<void> {
  const signal = AbortSignal.any([interrupted, output.closed]);
  for await (const event of client.events({ after, peer_id, signal, ...reconnecting(output) })) {
    const item = itemOfEvent(event, peer_id);
    if (item === undefined || shown.has(keyOf(item))) continue;
    if (line.has("json")) output.json(event);
    else output.data(inboxLines(item));
  }
}

const keyOf = ({ kind, id }: InboxItem): string => `${kind} ${id}`;
