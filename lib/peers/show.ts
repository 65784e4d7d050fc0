import { type Caller, hasScope } from "../caller.js";
import type { InboundStatus, Peer, PeerRecord } from "./schema.js";
import { parseTime } from "../system-host.js";

/** What is known of a peer's socket at this moment. */
export interface LinkState {
  readonly connected: boolean;
  /** The socket's end says whether what it was handed reached the agent. */
  readonly receipts: boolean;
  readonly lastInjectedAt?: string;
  readonly lastFailedAt?: string;
  /** Answers to pings, in a row, that said that the agent is not in its pane. */
  readonly pongsWithoutPane?: number;
  /** The last look at its pane found something else than the agent. */
  readonly paneUnsafe?: boolean;
}

/** What waits for a peer at this moment. */
export interface InboxState {
  readonly pendingAsks: number;
  readonly oldestAgeMs?: number;
  readonly queued: number;
}

const noLink: LinkState = { connected: false, receipts: false };
const pushed: ReadonlySet<string> = new Set(["claude-code", "codex", "gemini", "opencode"]);

/** A peer as a caller sees it: an old description is gone, and panes are shown to those who may operate them. */
export function showPeer(
  record: PeerRecord,
  about: {
    readonly link?: LinkState | undefined;
    readonly inbox: InboxState;
    readonly nowMs: number;
    readonly descriptionMs: number;
    readonly caller: Caller;
  },
): Peer {
  const { link = noLink, inbox, nowMs, descriptionMs, caller } = about;
  const { description, description_at, pane_id, told: _told, ...rest } = record;
  const isFresh = description_at !== undefined && (descriptionMs === 0 || parseTime(description_at) + descriptionMs > nowMs);
  return {
    ...rest,
    ...(isFresh && description !== undefined && { description, description_at }),
    ...(pane_id !== undefined && hasScope(caller, "control") && { pane_id }),
    ws_connected: link.connected,
    ...(link.lastInjectedAt !== undefined && { last_injected_at: link.lastInjectedAt }),
    ...(link.lastFailedAt !== undefined && { last_injection_failed_at: link.lastFailedAt }),
    pending_ask_count: inbox.pendingAsks,
    ...(inbox.oldestAgeMs !== undefined && { oldest_pending_age_ms: inbox.oldestAgeMs }),
    queued_count: inbox.queued,
    inbound_status: inboundStatusOf(record, link),
  };
}

function inboundStatusOf({ status, backend }: PeerRecord, link: LinkState): InboundStatus {
  if (status === "offline") return "offline";
  if (link.paneUnsafe) return "pane_unsafe";
  if (!pushed.has(backend)) return "online";
  if (!link.connected) return "no_hook";
  if (!link.receipts) return "unverified";
  const { lastFailedAt, lastInjectedAt } = link;
  return lastFailedAt !== undefined && (lastInjectedAt === undefined || lastFailedAt > lastInjectedAt) ? "degraded" : "online";
}
