import type { Contradiction } from "../panes/schema.js";
import type { PeerRecord, PeerStatus, RetireReason, TurnState } from "./schema.js";

/** What the events of peers carry, by type. */
export interface PeerEventPayloads {
  "peer.registered": Pick<PeerRecord, "peer_id" | "display_name" | "backend" | "circle" | "role" | "status" | "path" | "run_id">;
  /** What changed; `null`: it has none any more. */
  "peer.updated": { readonly [Name in keyof PeerRecord]?: PeerRecord[Name] | null } & { readonly peer_id: string };
  "peer.status": {
    readonly peer_id: string;
    readonly display_name: string;
    readonly from: PeerStatus;
    readonly to: PeerStatus;
    readonly turn_state?: TurnState;
    readonly reason?: string;
  };
  "peer.retired": { readonly peer_id: string; readonly display_name: string; readonly reason: RetireReason };
  "peer.turn": {
    readonly peer_id: string;
    readonly turn_id: string;
    readonly event: "started" | "ended";
    /** First line of the prompt. */
    readonly first_line?: string;
    readonly stop_reason?: string;
  };
  "peer.contradiction": Contradiction & { readonly peer_id: string };
  "pane.claim_rejected": { readonly pane_id: string; readonly claimant: string; readonly holder: string };
}

declare module "../events/event-payloads.js" {
  interface EventPayloads extends PeerEventPayloads {}
}
