import * as z from "zod";
import { later } from "../later.js";
import { bytesOf } from "../plain-text.js";

/** How messages reach a peer. */
export const peerBackend = later(() => z.enum(["claude-code", "codex", "gemini", "opencode", "acp", "run", "human", "service"]));
export type PeerBackend = z.infer<typeof peerBackend>;

/** All but `agent` may reach, and be reached from, any circle. */
export const peerRole = later(() => z.enum(["agent", "service", "orchestrator", "human"]));
export type PeerRole = z.infer<typeof peerRole>;

export const peerStatus = later(() => z.enum(["online", "busy", "offline"]));
export type PeerStatus = z.infer<typeof peerStatus>;

/** What the agent's own conversation does; absent while nobody has said. */
export const turnState = later(() => z.enum(["idle", "working", "awaiting_input", "pending_first_turn"]));
export type TurnState = z.infer<typeof turnState>;

/** Who chose the circle: a `default` or `inherited` one never moves a known peer. */
const circleSource = later(() => z.enum(["explicit", "tmux", "inherited", "default"]));

export const capability = later(() => z.enum(["delivery_receipts", "pull", "turn_reports"]));

/** Whether messages get through, as far as is known. */
export const inboundStatus = later(() => z.enum(["offline", "pane_unsafe", "no_hook", "unverified", "degraded", "online"]));
export type InboundStatus = z.infer<typeof inboundStatus>;

/** A display name or a circle; never of the form of an id. */
export const meshName = later(() =>
  z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "must be a letter or digit, then at most 63 letters, digits, dots, dashes or underscores")
    .refine((text) => !text.startsWith("peer-") && !reserved.has(text), { message: "is a reserved name", params: { issue: "format" } }),
);
const reserved: ReadonlySet<string> = new Set(["self", "by-pane", "spawn"]);

/** An id or a name of a peer, as a caller spells it. */
export const peerRef = later(() => z.string().min(1).max(256));
const paneId = later(() => z.string().regex(/^%\d{1,9}$/, "must be % and 1 to 9 digits"));
/** The folder that a peer works in. */
export const peerFolder = later(() => z.string().max(4096).regex(/^\/./, "must be an absolute path other than /"));
const metadata = later(() =>
  z
    .record(z.string().max(128), z.unknown())
    .refine((value) => Object.keys(value).length <= 64 && bytesOf(JSON.stringify(value)) <= 16_384, {
      message: "must have at most 64 keys and 16 KiB",
      params: { issue: "length" },
    }),
);
const description = later(() => z.string().max(500));
const pid = later(() => z.int().min(1).max(4_194_304));

/** What registration and the first frame of a socket say of a peer. */
export const peerRegistration = later(() =>
  z.strictObject({
    name: meshName.exactOptional(),
    display_name: meshName.exactOptional(),
    path: peerFolder.exactOptional(),
    machine: z.string().min(1).max(255).exactOptional(),
    backend: peerBackend,
    agent: z.string().min(1).max(64).exactOptional(),
    model: z.string().min(1).max(256).exactOptional(),
    circle: meshName.exactOptional(),
    circle_source: circleSource.exactOptional(),
    role: peerRole.exactOptional(),
    session_id: z.string().min(1).max(256).exactOptional(),
    pane_id: paneId.exactOptional(),
    tmux_session: z.string().min(1).max(256).exactOptional(),
    run_id: z.string().max(128).exactOptional(),
    agent_pid: pid.exactOptional(),
    /** Start time of the agent's process as its host tells it; a pid alone proves nothing. */
    agent_started: z.string().min(1).max(64).exactOptional(),
    parent_pid: pid.exactOptional(),
    peer_id: z.string().max(64).exactOptional(),
    capabilities: z.array(capability).max(8).exactOptional(),
    metadata: metadata.exactOptional(),
    accepts_jobs: z.boolean().exactOptional(),
  }),
);
export type PeerRegistration = z.infer<typeof peerRegistration>;

/** Fields a peer or its owner may change; `null` clears one. */
export const peerUpdate = later(() =>
  z.strictObject({
    display_name: meshName.exactOptional(),
    circle: meshName.exactOptional(),
    description: description.nullable().exactOptional(),
    model: z.string().min(1).max(256).nullable().exactOptional(),
    turn_state: turnState.nullable().exactOptional(),
    accepts_jobs: z.boolean().exactOptional(),
    metadata: metadata.nullable().exactOptional(),
  }),
);
export type PeerUpdate = z.infer<typeof peerUpdate>;

const stored = () => ({
  peer_id: z.string(),
  display_name: z.string(),
  backend: peerBackend,
  agent: z.string().exactOptional(),
  circle: z.string(),
  circle_source: circleSource,
  role: peerRole,
  status: peerStatus,
  status_reason: z.string().exactOptional(),
  turn_state: turnState.exactOptional(),
  path: z.string().exactOptional(),
  machine: z.string().exactOptional(),
  tmux_session: z.string().exactOptional(),
  pane_id: z.string().exactOptional(),
  run_id: z.string().exactOptional(),
  session_id: z.string().exactOptional(),
  agent_pid: z.int().exactOptional(),
  agent_started: z.string().exactOptional(),
  model: z.string().exactOptional(),
  description: z.string().exactOptional(),
  description_at: z.string().exactOptional(),
  accepts_jobs: z.boolean(),
  capabilities: z.array(capability),
  metadata: z.record(z.string(), z.unknown()).exactOptional(),
  /** Made by `link`, whose socket has not connected yet. */
  provisional: z.boolean().exactOptional(),
  registered_at: z.string(),
  last_seen: z.string(),
  retired_at: z.string().exactOptional(),
  retire_reason: z.string().exactOptional(),
});

/** A peer as it is stored. */
export const peerRecord = later(() =>
  z.strictObject({
    ...stored(),
    /** Codes of the contradictions that the feed was told of and that have not gone since. */
    told: z.array(z.string()).exactOptional(),
  }),
);
export type PeerRecord = z.infer<typeof peerRecord>;

/** A peer as it is shown: with what is known of its link and its inbox at this moment. */
export const peer = later(() =>
  z.strictObject({
    ...stored(),
    ws_connected: z.boolean(),
    last_injected_at: z.string().exactOptional(),
    last_injection_failed_at: z.string().exactOptional(),
    pending_ask_count: z.int(),
    oldest_pending_age_ms: z.int().exactOptional(),
    queued_count: z.int(),
    inbound_status: inboundStatus,
  }),
);
export type Peer = z.infer<typeof peer>;

/** Why a peer is gone for good. */
export const retireReasons = [
  "session_end",
  "agent_exited",
  "pane_missing",
  "superseded",
  "unregistered",
  "run_ended",
  "reaped",
  "link_rolled_back",
] as const;
export type RetireReason = (typeof retireReasons)[number];

const awaitingLink = "awaiting_link";

/** A peer in a pane as it begins: it is there once its socket is, or it calls itself. */
export const awaited = { status: "offline", status_reason: awaitingLink } as const;

type Presence = Pick<PeerRecord, "status" | "status_reason">;

/** Just registered, its socket on its way: it lives, though it cannot be reached yet. */
export function isAwaited({ status, status_reason }: Presence): boolean {
  return status === "offline" && status_reason === awaitingLink;
}

/** Offline, and not on its way. */
export function isAway(peer: Presence): boolean {
  return peer.status === "offline" && !isAwaited(peer);
}
