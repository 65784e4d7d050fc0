import type { Operation } from "../operation.js";

const none = { aliases: [], body: "none", limit_bytes: 0, idempotent: false } as const;
const json = { aliases: [], body: "json", limit_bytes: 65_536, idempotent: false } as const;
const named = ["peer_not_found", "ambiguous_peer", "peer_retired"] as const;

/** The operations of panes, and what looks into those of peers. */
export const paneRows: readonly Operation[] = [
  {
    ...none,
    name: "panes.orphans",
    method: "GET",
    path: "/panes/orphans",
    scope: "read",
    success: 200,
    codes: ["pane_backend_unavailable"],
    reply: "json",
    summary: "List the terminal panes of this host that are no peer's.",
  },
  {
    ...json,
    name: "panes.link",
    method: "POST",
    path: "/panes/{pane_id}/link",
    scope: "control",
    success: 200,
    codes: [
      "invalid_pane_id",
      "pane_not_found",
      "pane_already_linked",
      "too_many_peers",
      "storage_full",
      "pane_backend_unavailable",
      "link_hook_failed",
      "link_no_transport",
      "link_rollback_failed",
      "shutting_down",
    ],
    reply: "held",
    summary: "Make a peer of the agent in a pane; all of it, or nothing.",
  },
  {
    ...none,
    name: "peers.doctor",
    method: "GET",
    path: "/peers/{id}/doctor",
    scope: "read",
    success: 200,
    codes: [...named],
    reply: "json",
    tool: "peer_doctor",
    tool_fields: { peer_name: "id" },
    summary: "Find out how it is with a peer, without changing anything.",
  },
  {
    ...json,
    name: "peers.rehook",
    method: "POST",
    path: "/peers/{id}/rehook",
    scope: "control",
    success: 200,
    codes: [
      ...named,
      "cross_host",
      "missing_pane",
      "backend_has_no_hook",
      "pane_unproven",
      "spawn_failed",
      "storage_full",
      "pane_backend_unavailable",
    ],
    reply: "held",
    summary: "Say how to give a peer in a pane its hook back; with apply, do it.",
  },
];
