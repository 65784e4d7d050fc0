import { hasScope } from "../caller.js";
import type { CallContext } from "../contract/operation.js";
import { AnodeError, isAnodeError } from "../errors.js";
import { randomHexId } from "../ids.js";
import type { AttachedFile, Message } from "../messages/schema.js";
import { isBuiltIn } from "../peers/built-in.js";
import { isAway, type PeerRecord } from "../peers/schema.js";
import type { Sender } from "../peers/sender.js";
import { resolveFailed } from "../traces/schema.js";
import type { ComposedMesh } from "./composed-mesh.js";

/** What to tell whom. */
export interface BroadcastInput {
  readonly sender: Sender;
  readonly text: string;
  /** `*` = all circles. @defaultValue the sender's */
  readonly circle?: string;
  /** Ids and names that get nothing. */
  readonly exclude?: readonly string[];
  readonly files?: readonly AttachedFile[];
}

/** How far it got, peer by peer. */
export interface BroadcastReply {
  readonly delivery_ids: string[];
  /** Ids of peers. */
  readonly delivered: string[];
  readonly sent: string[];
  readonly queued: string[];
  readonly failed: { readonly peer_id: string; readonly code: string }[];
}

/** Sends one message to each live peer of a circle but the sender; one that cannot be reached stops nobody else. @throws `circle_forbidden` for another circle than the sender's */
export async function broadcast(
  { peers, courier, traces, manager: { host, journal } }: ComposedMesh,
  { sender, text, circle = sender.peer.circle, exclude = [], files }: BroadcastInput,
  { caller, keep }: Pick<CallContext, "caller" | "keep">,
): Promise<BroadcastReply> {
  if (circle !== sender.peer.circle && !hasScope(caller, "admin")) {
    throw new AnodeError("circle_forbidden", "Telling another circle needs the scope admin.");
  }
  const isTarget = (peer: PeerRecord): boolean =>
    peer.peer_id !== sender.peer.peer_id &&
    !isAway(peer) &&
    (circle === "*" || peer.circle === circle) &&
    !isBuiltIn(peer) &&
    !exclude.includes(peer.peer_id) &&
    !exclude.includes(peer.display_name);
  const targets = peers
    .living()
    .filter(isTarget)
    .map((to) => ({ to, delivery_id: randomHexId(host, "dlv") }));
  const trace_id = randomHexId(host, "dlv");
  const reply: BroadcastReply = { delivery_ids: [], delivered: [], sent: [], queued: [], failed: [] };
  const begun = traces.begin(trace_id, "broadcast", {
    stage: "created",
    from_peer_id: sender.peer.peer_id,
    detail: { targets: targets.length },
  });
  // A repeat of the key must not tell everybody twice, whatever becomes of the single messages: by their ids it can look.
  const ids = { delivery_ids: targets.map(({ delivery_id }) => delivery_id), queued: targets.map(({ to }) => to.peer_id) };
  const kept = keep ? [keep({ status: 200, body: { ...reply, ...ids } })] : [];
  try {
    await journal.append({ ...begun, puts: [...(begun.puts ?? []), ...kept], whenFull: "refuse" }).committed;
  } catch (error) {
    traces.undo(trace_id, begun);
    throw error;
  }
  const results = await Promise.all(
    targets.map(async ({ to, delivery_id }) => {
      try {
        const attached = files && { attachments: [...files] };
        return await courier.post({
          kind: "broadcast",
          from: sender.peer,
          to,
          text,
          trace_id,
          delivery_id,
          ...attached,
          ...(sender.via && { via: sender.via }),
        });
      } catch (error) {
        const code = isAnodeError(error) ? error.code : "internal";
        if (code === "peer_retired") traces.note(trace_id, resolveFailed(code, { to_peer_id: to.peer_id }));
        return { to, code };
      }
    }),
  );
  for (const result of results) {
    if ("code" in result) reply.failed.push({ peer_id: result.to.peer_id, code: result.code });
    else note(reply, result);
  }
  return reply;
}

function note(reply: BroadcastReply, { delivery_id, delivery_state, to_peer_id }: Message): void {
  reply.delivery_ids.push(delivery_id);
  if (delivery_state === "delivered" || delivery_state === "sent") reply[delivery_state].push(to_peer_id);
  else reply.queued.push(to_peer_id);
}
