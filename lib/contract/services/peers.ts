import { type Caller, hasScope, isOwner } from "../../caller.js";
import { AnodeError } from "../../errors.js";
import type { StreamEvent } from "../../events/event.js";
import type { ComposedMesh } from "../../mesh/composed-mesh.js";
import { feedRulesOf, namesPeer } from "../../mesh/feed-rules.js";
import { peerOfPane } from "../../mesh/named-peer.js";
import { bypasses } from "../../peers/circles.js";
import { assertNotBuiltIn } from "../../peers/built-in.js";
import { isAwaited, type PeerRecord, retireReasons } from "../../peers/schema.js";
import { ownPeer } from "../../peers/sender.js";
import type { CallContext, Services } from "../operation.js";
import type { ValidInput } from "../schemas.js";
import { assertNoRun } from "./approver.js";
import { fromCursor, toCursor } from "./pages.js";
import { ok } from "./ok.js";

/** The operations of peers. */
export function createPeerServices(mesh: ComposedMesh): Services {
  const { peers } = mesh;
  const rules = feedRulesOf(peers);
  const shown = (peer: PeerRecord, caller: Caller) => mesh.shownPeer(peer, caller);
  /** A retired one by its id alone. */
  const anyPeer = (id: string, circle: string | undefined, caller: Caller): PeerRecord =>
    peers.byId(id) ?? peers.find(id, { circle, from: ownPeer(peers, caller) });

  return {
    "peers.list": async ({ cursor, limit = 100, ...filters }: ValidInput<"peers.list">, { caller }: CallContext) => {
      const path = filters.path === undefined ? undefined : await mesh.realPath(filters.path);
      const before = fromCursor(cursor) ?? Number.POSITIVE_INFINITY;
      const found = peers
        .all()
        .map((peer, place) => ({ peer, place }))
        .filter(({ peer, place }) => place < before && peer.retired_at === undefined && matches(peer, { ...filters, path }))
        .reverse();
      const page = found.slice(0, limit);
      const last = page.at(-1);
      const next = found.length > limit && last ? { next_cursor: toCursor(last.place) } : {};
      return ok({ peers: page.map(({ peer }) => shown(peer, caller)), ...next });
    },
    "peers.whoami": async (_input: object, { caller }: CallContext) => {
      const own = ownPeer(peers, caller);
      if (!own) throw new AnodeError("peer_not_found", "The caller is no peer.");
      return ok(shown(own, caller));
    },
    "peers.byPane": async ({ pane_id }: ValidInput<"peers.byPane">, { caller }: CallContext) =>
      ok(shown(peerOfPane(peers, pane_id), caller)),
    "peers.get": async ({ id, circle }: ValidInput<"peers.get">, { caller }: CallContext) => ok(shown(anyPeer(id, circle, caller), caller)),
    "peers.register": async (input: ValidInput<"peers.register">, { caller }: CallContext) => {
      // A role that reaches everybody, and the place of another peer, are for owners.
      const isPower = (input.role ?? "agent") !== "agent" || (input.peer_id !== undefined && isOwner(caller));
      if (isPower) await assertNoRun(caller);
      const path = input.path === undefined ? {} : { path: await mesh.realPath(input.path) };
      const { peer, created, pane_assigned, peer_token } = await peers.register({ ...input, ...path }, caller);
      const body = { peer: shown(peer, caller), ...(peer_token !== undefined && { peer_token }), pane_assigned };
      return { status: created ? 201 : 200, body, headers: { Location: `/peers/${peer.peer_id}` } };
    },
    "peers.update": async ({ id, ...changes }: ValidInput<"peers.update">, { caller }: CallContext) => {
      const peer = peers.find(id, { from: ownPeer(peers, caller) });
      assertOwn(peer, caller);
      return ok(shown(await peers.update(peer.peer_id, changes), caller));
    },
    "peers.touch": async ({ id, circle }: ValidInput<"peers.touch">, { caller }: CallContext) => {
      const peer = peers.find(id, { circle, from: ownPeer(peers, caller) });
      const { peer_id } = peer;
      // An owner's word brings a peer back; what another peer says of it does not, and nobody's word is a socket.
      if (isOwner(caller) && !isAwaited(peer)) peers.touch(peer_id);
      else peers.heardOf(peer_id);
      return ok({ peer_id, last_seen: peers.find(peer_id).last_seen });
    },
    "peers.offline": async (
      { id, circle, reason = "requested", detail, terminal = false }: ValidInput<"peers.offline">,
      { caller }: CallContext,
    ) => {
      const peer = peers.find(id, { circle, from: ownPeer(peers, caller) });
      assertOwn(peer, caller);
      assertNotBuiltIn(peer);
      mesh.manager.journal.assertSpace();
      const open = mesh.asks.openTo(peer.peer_id).length;
      const status_reason = detail === undefined ? reason : `${reason}: ${detail}`;
      if (!terminal) {
        const offline = peers.event(peer.peer_id, { type: "absent", reason: status_reason }) ?? peer;
        await peers.stored();
        return ok({ peer: shown(offline, caller), closed_asks: 0 });
      }
      const retired = await peers.retire(peer.peer_id, retireReasons.find((known) => known === reason) ?? "unregistered");
      return ok({ peer: shown(retired, caller), closed_asks: open });
    },
    "peers.remove": async ({ id, circle }: ValidInput<"peers.remove">, { caller }: CallContext) => {
      const peer = peers.find(id, { circle, from: ownPeer(peers, caller) });
      assertOwn(peer, caller);
      mesh.manager.journal.assertSpace();
      const { peer_id, retired_at } = await peers.retire(peer.peer_id, "unregistered");
      return ok({ peer_id, retired_at });
    },
    "peers.timeline": async ({ id, circle, limit = 100, cursor }: ValidInput<"peers.timeline">, { caller }: CallContext) => {
      const { peer_id } = anyPeer(id, circle, caller);
      const only = (event: StreamEvent): boolean => namesPeer(event, peer_id);
      const { events, before } = await mesh.manager.feed.back({ only, before: fromCursor(cursor), limit, caller, rules });
      return ok({ events, ...(before !== undefined && { next_cursor: toCursor(before) }) });
    },
    "circles.list": async () => {
      const circles = new Map<string, { name: string; online: number; busy: number; offline: number }>();
      for (const { circle, status } of peers.living()) {
        const counts = circles.get(circle) ?? { name: circle, online: 0, busy: 0, offline: 0 };
        counts[status] += 1;
        circles.set(circle, counts);
      }
      return ok({ circles: [...circles.values()] });
    },
  } as unknown as Services;
}

/** Only a peer itself, or who may do everything, changes it. @throws `identity_unproven` */
export function assertOwn(peer: PeerRecord, caller: Caller): void {
  if (caller.peer_id === peer.peer_id || (caller.run_id !== undefined && caller.run_id === peer.run_id)) return;
  if (isOwner(caller) && hasScope(caller, "admin")) return;
  throw new AnodeError("identity_unproven", `Only ${peer.display_name} itself, or an owner, may do this.`);
}

type Filters = Omit<ValidInput<"peers.list">, "cursor" | "limit">;

function matches(
  peer: PeerRecord,
  { status, path, backend, circle, role }: { [Name in keyof Filters]: Filters[Name] | undefined },
): boolean {
  return (
    (status === undefined || peer.status === status || (status === "online" && peer.status === "busy")) &&
    (path === undefined || peer.path === path) &&
    (backend === undefined || peer.backend === backend) &&
    (circle === undefined || peer.circle === circle || bypasses(peer)) &&
    (role === undefined || peer.role === role)
  );
}
