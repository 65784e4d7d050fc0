import type { Caller } from "../../caller.js";
import type { ComposedMesh } from "../../mesh/composed-mesh.js";
import type { Panes } from "../../panes/panes.js";
import type { PeerRecord } from "../../peers/schema.js";
import { ownPeer } from "../../peers/sender.js";
import type { CallContext, Services } from "../operation.js";
import type { ValidInput } from "../schemas.js";
import { ok } from "./ok.js";

/** The operations of panes. */
export function createPaneServices({ peers }: ComposedMesh, panes: Panes): Services {
  const found = (id: string, circle: string | undefined, caller: Caller): PeerRecord =>
    peers.find(id, { circle, from: ownPeer(peers, caller) });

  return {
    "panes.orphans": async () => ok(await panes.orphans()),
    "panes.link": async ({ pane_id, ...request }: ValidInput<"panes.link">, { caller, signal }: CallContext) =>
      ok(await panes.link(pane_id, request, caller, signal)),
    "peers.doctor": async ({ id, circle }: ValidInput<"peers.doctor">, { caller }: CallContext) =>
      ok(await panes.examine(found(id, circle, caller))),
    "peers.rehook": async ({ id, circle, apply = false }: ValidInput<"peers.rehook">, { caller, signal }: CallContext) =>
      ok(await panes.rehook(found(id, circle, caller), apply, signal)),
  } as unknown as Services;
}
