import * as z from "zod";
import { later } from "../later.js";
import { meshName, peerBackend, peerFolder, type PeerRecord, peerRole, peerStatus, turnState, inboundStatus } from "../peers/schema.js";

const probeState = later(() => z.enum(["ok", "fail", "unavailable"]));

/** Backends whose agents run in a pane and get their messages there. */
export const paneBackends = ["claude-code", "codex", "gemini", "opencode"] as const;

/**
 * Whether a program of ours holds the socket of a peer and types into its pane. A session of OpenCode that registered itself has a plugin
 * with a socket of its own, into which nothing is typed; one that was linked by hand has none.
 */
export function hasPaneHook({ backend, session_id }: Pick<PeerRecord, "backend" | "session_id">): boolean {
  return (paneBackends as readonly string[]).includes(backend) && !(backend === "opencode" && session_id !== undefined);
}

/** What is written down beside a pane for the hooks of its agent. */
export interface HookFile {
  readonly peer_id: string;
  readonly display_name: string;
  readonly backend: string;
  readonly pane_id: string;
  readonly agent_pid?: number;
  readonly agent_started?: number;
  /** The program that holds the socket. */
  readonly hook_pid?: number;
  readonly hook_started?: number;
  readonly peer_token?: string;
}

/** A pane that is no peer's. The guess at its agent is for people's eyes. */
export const orphanPane = later(() =>
  z.strictObject({
    pane_id: z.string(),
    pid: z.int(),
    command: z.string(),
    cwd: z.string(),
    session: z.string(),
    window: z.string(),
    detected_backend: z.enum(paneBackends).exactOptional(),
    confidence: z.enum(["hint", "unknown"]),
  }),
);
export type OrphanPane = z.infer<typeof orphanPane>;

export const orphanPanes = later(() => z.strictObject({ panes: z.array(orphanPane), pane_backend: z.enum(["tmux", "memory", "none"]) }));
export type OrphanPanes = z.infer<typeof orphanPanes>;

/** Who the agent in a pane is to be. */
export const linkRequest = later(() =>
  z.strictObject({
    backend: z.enum(paneBackends),
    name: meshName.exactOptional(),
    circle: meshName.exactOptional(),
    path: peerFolder.exactOptional(),
  }),
);
export type LinkRequest = z.infer<typeof linkRequest>;

export const linkedPane = later(() =>
  z.strictObject({
    linked: z.literal(true),
    pane_id: z.string(),
    peer_id: z.string(),
    display_name: z.string(),
    circle: z.string(),
    ws_connected: z.literal(true),
  }),
);
export type LinkedPane = z.infer<typeof linkedPane>;

/** What a rehook found, and what it did or would do. */
export const rehookReport = later(() =>
  z.strictObject({
    peer_id: z.string(),
    display_name: z.string(),
    pane_id: z.string(),
    dry_run: z.boolean(),
    acted: z.boolean(),
    ws_was_connected: z.boolean(),
    ping: probeState,
    pane_proof: z.enum(["hook_metadata", "path_and_agent"]),
    hook_started: z.boolean(),
    ws_connected: z.boolean(),
    reason: z.enum([
      "already_healthy",
      "would_start_hook",
      "would_reconcile",
      "hook_started",
      "reconciled",
      "skipped_hook_alive",
      "skipped_lock_held",
      "hook_started_no_socket",
    ]),
  }),
);
export type RehookReport = z.infer<typeof rehookReport>;

export const contradiction = later(() =>
  z.strictObject({
    code: z.enum([
      "ONLINE_BUT_NO_WS",
      "PANE_MISSING",
      "PANE_NOT_AGENT",
      "AGENT_PID_DEAD",
      "HOOK_PEERID_MISMATCH",
      "RUN_ENDED",
      "WS_PANE_MISMATCH",
      "DUPLICATE_SESSION",
      "STALE_PENDING_ASK",
      "QUEUE_NOT_DRAINED",
    ]),
    severity: z.enum(["error", "warning"]),
    detail: z.string(),
    remedy: z.enum(["rehook", "link", "unregister", "answer", "none"]),
  }),
);
export type Contradiction = z.infer<typeof contradiction>;

/** What could be found out about a peer without changing anything, and where the parts disagree. */
export const doctorReport = later(() =>
  z.strictObject({
    peer_id: z.string(),
    display_name: z.string(),
    status: peerStatus,
    turn_state: turnState.exactOptional(),
    backend: peerBackend,
    circle: z.string(),
    role: peerRole,
    machine: z.string().exactOptional(),
    local: z.boolean(),
    checked_at: z.string(),
    last_seen: z.string(),
    inbound_status: inboundStatus,
    link: z.strictObject({
      connected: z.boolean(),
      pane_id: z.string().exactOptional(),
      receipts: z.boolean().exactOptional(),
      hook_version: z.union([z.string(), z.number()]).exactOptional(),
      last_injected_at: z.string().exactOptional(),
      last_injection_failed_at: z.string().exactOptional(),
    }),
    pane: z.strictObject({
      probe: probeState,
      pane_id: z.string().exactOptional(),
      session: z.string().exactOptional(),
      current_path: z.string().exactOptional(),
      pid: z.int().exactOptional(),
      agent_in_tree: z.boolean().exactOptional(),
    }),
    hook: z.strictObject({
      probe: probeState,
      peer_id: z.string().exactOptional(),
      display_name: z.string().exactOptional(),
      pid: z.int().exactOptional(),
      alive: z.boolean().exactOptional(),
    }),
    agent: z.strictObject({ probe: probeState, pid: z.int().exactOptional(), alive: z.boolean().exactOptional() }),
    run: z.strictObject({ probe: probeState, run_id: z.string().exactOptional() }),
    inbox: z.strictObject({
      pending_asks: z.int(),
      oldest_age_ms: z.int().exactOptional(),
      oldest_correlation_id: z.string().exactOptional(),
      queued: z.int(),
      oldest_queued_age_ms: z.int().exactOptional(),
    }),
    contradictions: z.array(contradiction),
  }),
);
export type DoctorReport = z.infer<typeof doctorReport>;
