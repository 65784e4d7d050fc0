import { type Caller, isOwner } from "../../caller.js";
import { AnodeError } from "../../errors.js";
import { broadcast as tellAll } from "../../mesh/broadcast.js";
import type { ComposedMesh } from "../../mesh/composed-mesh.js";
import { listed } from "../../mesh/listing.js";
import { peerOfPane, recipientOf } from "../../mesh/named-peer.js";
import { takeReport } from "../../mesh/session-report.js";
import { deliveryOf } from "../../messages/drafts.js";
import type { Message } from "../../messages/schema.js";
import type { PeerRecord } from "../../peers/schema.js";
import { ownPeer, senderOf } from "../../peers/sender.js";
import type { CallContext, Result, Services } from "../operation.js";
import type { ValidInput } from "../schemas.js";
import { assertNoRun } from "./approver.js";
import { fromCursor, toCursor } from "./pages.js";
import { assertOwn } from "./peers.js";
import { ok } from "./ok.js";

/** The operations of messages, deliveries, sessions and traces. */
export function createMessageServices(mesh: ComposedMesh): Services {
  const { courier, mail, peers, traces } = mesh;

  const notify = async (input: ValidInput<"messages.notify">, { caller, keep }: CallContext): Promise<Result> => {
    const { to_peer, text, from_peer, circle, bypass_circle, attachments, if_unavailable = "queue" } = input;
    if (bypass_circle) await assertNoRun(caller);
    const sender = senderOf(peers, caller, from_peer);
    const to = recipientOf(peers, { to_peer, circle, bypass_circle }, sender, caller);
    const files = attachments && (await mesh.attached(attachments, caller));
    const draft = {
      kind: "notify",
      from: sender.peer,
      to,
      text,
      ...(files && { attachments: files }),
      ...(sender.via && { via: sender.via }),
    };
    const message = await courier.post(draft as Parameters<typeof courier.post>[0], {
      whenUnavailable: if_unavailable,
      ...(keep && { also: (made: Message) => ({ puts: [keep({ status: 202, body: deliveryOf(made) })] }) }),
    });
    const body = deliveryOf(message);
    return { status: body.queued ? 202 : 200, body };
  };

  const broadcast = async (input: ValidInput<"messages.broadcast">, context: CallContext): Promise<Result> => {
    const sender = senderOf(peers, context.caller, input.from_peer);
    if (input.circle !== undefined && input.circle !== sender.peer.circle) await assertNoRun(context.caller);
    const files = input.attachments && (await mesh.attached(input.attachments, context.caller));
    return ok(await tellAll(mesh, { ...input, sender, ...(files && { files }) }, context));
  };

  return {
    "messages.notify": notify,
    "messages.broadcast": broadcast,
    "messages.send": async ({ kind, ...input }: ValidInput<"messages.send">, context: CallContext) =>
      kind === "notify"
        ? notify(input as ValidInput<"messages.notify">, context)
        : broadcast(input as ValidInput<"messages.broadcast">, context),
    "messages.list": async ({ cursor, limit = 100, ...filters }: ValidInput<"messages.list">, { caller }: CallContext) => {
      const page = await listed(mesh, "messages", { ...filters, limit, before: fromCursor(cursor) }, caller);
      return ok({ messages: page.items, ...(page.next !== undefined && { next_cursor: toCursor(page.next) }) });
    },
    "messages.get": async ({ delivery_id }: ValidInput<"messages.get">, { caller }: CallContext) =>
      ok(visible(await mail.get(delivery_id), mesh, caller)),
    "messages.claim": async ({ peer_id, limit = 50, lease_ms }: ValidInput<"messages.claim">, { caller }: CallContext) => {
      const peer = puller(mesh, caller, peer_id);
      return ok(await mesh.claims.claim(peer.peer_id, limit, lease_ms ?? mesh.manager.limits.claimMs));
    },
    "messages.confirm": async ({ claim_id, delivery_ids }: ValidInput<"messages.confirm">, { caller }: CallContext) => {
      puller(mesh, caller, mesh.claims.peerOf(claim_id));
      return ok(await mesh.claims.confirm(claim_id, delivery_ids));
    },
    "deliveries.pending": async ({ peer_id, pane_id, limit = 100 }: ValidInput<"deliveries.pending">, { caller }: CallContext) => {
      const peer = pane_id === undefined ? peers.find(peer_id ?? "", { from: ownPeer(peers, caller) }) : peerOfPane(peers, pane_id);
      if (!isOwner(caller)) assertOwn(peer, caller);
      const all = mail.waiting(peer.peer_id);
      return ok({ messages: all.slice(0, limit), total: all.length });
    },
    "session.update": async (input: ValidInput<"session.update">, { caller }: CallContext) => {
      const { peer_id, peer_name, pane_id, ...report } = input;
      const from = ownPeer(peers, caller);
      const peer = pane_id === undefined ? peers.find(peer_id ?? peer_name ?? "", { from }) : peerOfPane(peers, pane_id);
      assertOwn(peer, caller);
      mesh.manager.journal.assertSpace();
      const reported = takeReport(mesh, peer, report);
      await peers.stored();
      return ok(mesh.shownPeer(reported, caller));
    },
    "traces.get": async ({ trace_id }: ValidInput<"traces.get">, { caller }: CallContext) => {
      if (!isOwner(caller)) await assertPart(trace_id, mesh, caller);
      // A message of a broadcast is traced in the broadcast's own trace.
      const sent = traces.has(trace_id) ? undefined : await mail.get(trace_id).catch(() => undefined);
      return ok(await traces.read(sent?.trace_id ?? trace_id));
    },
  } as unknown as Services;
}

/** Whose messages a caller fetches: a peer its own, an owner the person's or, with the scope admin, anybody's. @throws `identity_unproven` */
function puller({ peers }: ComposedMesh, caller: Caller, peer_id: string | undefined): PeerRecord {
  const own = ownPeer(peers, caller);
  if (!isOwner(caller) && !own) throw new AnodeError("peer_not_found", "The caller is no registered peer; register it first.");
  const peer = peer_id === undefined ? (own ?? peers.person) : peers.find(peer_id, { from: own });
  if (!isOwner(caller) || peer.role !== "human") assertOwn(peer, caller);
  return peer;
}

/** A peer sees its own messages; everything else is not there for it. @throws `message_not_found` */
function visible(message: Message, mesh: ComposedMesh, caller: Caller): Message {
  const own = ownPeer(mesh.peers, caller);
  if (isOwner(caller) || (own && [message.from_peer_id, message.to_peer_id].includes(own.peer_id))) return message;
  throw new AnodeError("message_not_found", "There is no such message among this peer's.");
}

/** @throws `trace_not_found` */
async function assertPart(trace_id: string, mesh: ComposedMesh, caller: Caller): Promise<void> {
  const own = ownPeer(mesh.peers, caller);
  if (own && mesh.asksToMany.askerOf(trace_id) === own.peer_id) return;
  const traced = await mesh.asks.get(trace_id).catch(() => mesh.mail.get(trace_id).catch(() => undefined));
  if (own && traced && [traced.from_peer_id, traced.to_peer_id].includes(own.peer_id)) return;
  throw new AnodeError("trace_not_found", "There is no such trace among this peer's.");
}
