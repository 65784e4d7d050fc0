import { assertRecipient } from "../../asks/asks.js";
import type { Ask, AskMany } from "../../asks/schema.js";
import { type Caller, isOwner } from "../../caller.js";
import { AnodeError, isAnodeError } from "../../errors.js";
import { ackedAnswer, answerAsk } from "../../mesh/ask-questions.js";
import type { ComposedMesh } from "../../mesh/composed-mesh.js";
import { listed } from "../../mesh/listing.js";
import { type NamedRecipient, peerOfPane, recipientOf } from "../../mesh/named-peer.js";
import type { DeliveryState } from "../../messages/schema.js";
import type { PeerRecord } from "../../peers/schema.js";
import { ownPeer, type Sender, senderOf } from "../../peers/sender.js";
import type { CallContext, Services } from "../operation.js";
import type { ValidInput } from "../schemas.js";
import { assertNoRun } from "./approver.js";
import { assertOwn } from "./peers.js";
import { fromCursor, toCursor } from "./pages.js";
import { ok } from "./ok.js";

const defaultWaitMs = 45_000;
const defaultDeadlineMs = 300_000;

/** The operations of asks. */
export function createAskServices(mesh: ComposedMesh): Services {
  const { asks, peers } = mesh;

  return {
    "asks.ask": async (input: ValidInput<"asks.ask">, { caller, keep }: CallContext) => {
      const { to_peer, from_peer, bypass_circle, attachments, circle, ...rest } = input;
      if (bypass_circle) await assertNoRun(caller);
      const sender = senderOf(peers, caller, from_peer);
      const to = recipientOf(peers, { to_peer, circle, bypass_circle }, sender, caller);
      const files = attachments && (await mesh.attached(attachments, caller));
      const ask = await asks.ask({
        ...rest,
        sender,
        to,
        ...(files && { attachments: files }),
        ...(keep && { keep: (made: Ask) => keep({ status: 202, body: askedOf({ ...made, delivery_state: "queued" }) }) }),
      });
      return { status: isWaiting(ask) ? 202 : 200, body: askedOf(ask) };
    },
    "asks.ack": async ({ correlation_id, message, attachments, from_peer }: ValidInput<"asks.ack">, { caller }: CallContext) => {
      const ask = await asks.get(correlation_id);
      const sender = senderOf(peers, caller, from_peer);
      assertRecipient(ask, sender.via === "owner" ? undefined : ownPeer(peers, caller), caller);
      const isBare = message === undefined && attachments === undefined;
      if (ask.state === "closed" && isBare) return ok(ackedOf(await asks.stored(ask)));
      const files = attachments && (await mesh.attached(attachments, caller));
      if (ask.question && ask.state === "open") {
        const answer = { ...ackedAnswer(ask, message), files };
        return ok(ackedOf((await answerAsk(mesh, correlation_id, answer, caller)).ask));
      }
      const closing = asks.close(correlation_id, {
        close_reason: message === undefined ? "ack" : "ack_with_msg",
        replied_by: "ack",
        ...(message !== undefined && { reply_text: message }),
        ...(files && { reply_attachments: files }),
      });
      // Somebody was faster: without a message that is all the same.
      const closed = await closing.catch(async (error: unknown) => {
        if (!isBare || !isAnodeError(error) || error.code !== "ask_closed") throw error;
        return asks.stored(await asks.get(correlation_id));
      });
      return ok(ackedOf(closed));
    },
    "asks.pending": async (
      { peer_id, pane_id, direction = "inbound", limit = 10 }: ValidInput<"asks.pending">,
      { caller }: CallContext,
    ) => {
      const peer = pane_id === undefined ? peers.find(peer_id ?? "", { from: ownPeer(peers, caller) }) : peerOfPane(peers, pane_id);
      if (!isOwner(caller)) assertOwn(peer, caller);
      const inbound = direction === "outbound" ? [] : asks.openTo(peer.peer_id);
      const outbound = direction === "inbound" ? [] : asks.openFrom(peer.peer_id);
      const all = [...new Set([...inbound, ...outbound])].sort(newestFirst);
      return ok({ asks: all.slice(0, limit), total: all.length });
    },
    "asks.list": async ({ cursor, limit = 100, ...filters }: ValidInput<"asks.list">, { caller }: CallContext) => {
      const page = await listed(mesh, "asks", { ...filters, limit, before: fromCursor(cursor) }, caller);
      return ok({ asks: page.items, ...(page.next !== undefined && { next_cursor: toCursor(page.next) }) });
    },
    "asks.get": async ({ id }: ValidInput<"asks.get">, { caller }: CallContext) => ok(visible(await asks.get(id), mesh, caller)),
    "asks.wait": async ({ id, timeout_ms = defaultWaitMs }: ValidInput<"asks.wait">, { caller, signal }: CallContext) => {
      assertAsker(await asks.get(id), mesh, caller);
      return ok(waitedOf(await mesh.holding(() => asks.wait(id, timeout_ms, signal))));
    },
    "asks.decline": async ({ id, message }: ValidInput<"asks.decline">, { caller }: CallContext) => {
      const ask = await asks.get(id);
      assertRecipient(ask, ownPeer(peers, caller), caller);
      const reply = message === undefined ? {} : { reply_text: message };
      return ok(ackedOf(await asks.close(id, { close_reason: "declined", replied_by: "ack", ...reply })));
    },
    "asks.cancel": async ({ id }: ValidInput<"asks.cancel">, { caller }: CallContext) => {
      assertAsker(await asks.get(id), mesh, caller);
      mesh.manager.journal.assertSpace();
      return ok(ackedOf(await asks.close(id, { close_reason: "canceled" })));
    },
    "asks.askMany": async (input: ValidInput<"asks.askMany">, { caller, keep }: CallContext) => {
      const { to_peers, text, from_peer, circle, bypass_circle, attachments, timeout_ms = defaultDeadlineMs } = input;
      if (bypass_circle) await assertNoRun(caller);
      const sender = senderOf(peers, caller, from_peer);
      const files = attachments && (await mesh.attached(attachments, caller));
      const targets = to_peers.map((peer) => ({ peer, to: reachable({ to_peer: peer, circle, bypass_circle }, sender, caller) }));
      const { parent_id, children } = await mesh.asksToMany.ask({
        sender,
        text,
        targets,
        timeoutMs: timeout_ms,
        ...(files && { attachments: files }),
        ...(keep && { keep: (made: AskMany) => keep({ status: 202, body: { parent_id: made.parent_id, children: made.children } }) }),
      });
      return { status: 202, body: { parent_id, children } };
    },
    "asks.askManyResult": async ({ id }: ValidInput<"asks.askManyResult">, { caller }: CallContext) => {
      const asker = mesh.asksToMany.askerOf(id);
      if (asker !== undefined && !isOwner(caller) && ownPeer(peers, caller)?.peer_id !== asker) {
        throw new AnodeError("ask_not_found", "There is no such ask-many among this peer's.");
      }
      return ok(await mesh.asksToMany.get(id));
    },
  } as unknown as Services;

  function reachable(to: NamedRecipient, sender: Sender, caller: Caller): PeerRecord | AnodeError {
    try {
      return recipientOf(peers, to, sender, caller);
    } catch (error) {
      if (isAnodeError(error)) return error;
      throw error;
    }
  }
}

/** @throws `ask_not_found` for a peer that has no part in it */
function visible(ask: Ask, mesh: ComposedMesh, caller: Caller): Ask {
  const own = ownPeer(mesh.peers, caller);
  if (isOwner(caller) || (own && [ask.from_peer_id, ask.to_peer_id].includes(own.peer_id))) return ask;
  throw new AnodeError("ask_not_found", "There is no such ask among this peer's.");
}

/** @throws `not_the_asker` */
function assertAsker(ask: Ask, mesh: ComposedMesh, caller: Caller): void {
  if (isOwner(caller) || ownPeer(mesh.peers, caller)?.peer_id === ask.from_peer_id) return;
  throw new AnodeError("not_the_asker", `The ask is ${ask.from_name}'s.`);
}

/** Of equal times each list's own order stays. */
function newestFirst(a: Ask, b: Ask): number {
  if (a.created_at === b.created_at) return 0;
  return a.created_at < b.created_at ? 1 : -1;
}

function isWaiting({ delivery_state }: Ask): boolean {
  return delivery_state === "queued" || delivery_state === "claimed";
}

function askedOf({ correlation_id, delivery_id, delivery_state, to_peer_id }: Ask): object {
  return { correlation_id, delivery_id, delivery_state, to_peer_id };
}

/** How far the reply got, in the words of deliveries: one that is kept for its asker waits. */
const deliveryStates: { readonly [State in NonNullable<Ask["reply_state"]>]: DeliveryState } = {
  held: "queued",
  queued: "queued",
  sent: "sent",
  pulled: "delivered",
  delivered: "delivered",
  undeliverable: "failed",
};

function ackedOf({ correlation_id, close_reason, reply_state }: Ask): object {
  return { ok: true, correlation_id, close_reason, ...(reply_state && { delivery_state: deliveryStates[reply_state] }) };
}

function waitedOf(ask: Ask): object {
  const { correlation_id, state, close_reason, reply_text, replied_by, reply_attachments, answer } = ask;
  return {
    correlation_id,
    status: state === "closed" ? "resolved" : "pending",
    ...(close_reason && { close_reason }),
    ...(reply_text !== undefined && { reply_text }),
    ...(replied_by && { replied_by }),
    ...answer,
    ...(reply_attachments && { attachments: reply_attachments }),
  };
}
