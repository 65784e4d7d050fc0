import type { Operation } from "../operation.js";

const read = { method: "GET", scope: "read", aliases: [], body: "none", limit_bytes: 0, idempotent: false, success: 200 } as const;

/** The operations of the feed: what changes anywhere in the daemon, as one stream. */
export const eventRows: readonly Operation[] = [
  {
    ...read,
    name: "events.list",
    path: "/events",
    codes: ["invalid_cursor", "cursor_ahead"],
    reply: "json",
    summary: "A page of the feed, oldest first: the events of all runs and peers that change a list.",
  },
  {
    ...read,
    name: "events.stream",
    path: "/events/stream",
    codes: ["invalid_cursor", "cursor_ahead", "caller_is_a_run", "not_acceptable", "too_many_streams"],
    reply: "stream",
    summary: "Replay the feed, then follow it until the reader leaves or the daemon stops.",
  },
];
