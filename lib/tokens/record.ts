import { parseTime } from "../system-host.js";
import type { TokenInfo } from "./schema.js";

/** A derived token as it is stored, with all that follows from it in one record: one put revokes the whole family. */
export interface TokenRecord extends Omit<TokenInfo, "last_used_at"> {
  /** When it was used, to the hour; only of one with an idle life. */
  readonly used_at?: string;
  /** SHA-256 of the text; the text itself is nowhere. */
  readonly digest: string;
  readonly refresh?: RefreshState;
}

/** What is kept of the refresh tokens of a family. */
export interface RefreshState {
  /** Digest of what all of them begin with: who shows that holds one of them, or held one. */
  readonly family: string;
  /** Digest of the one that can be exchanged. */
  readonly digest: string;
  /** Life of each access token. */
  readonly ttl_ms: number;
  /** The last exchange: what was given away for it is given again for a moment, and the access token before lives on to its end. */
  readonly last?: { readonly digest: string; readonly at: string; readonly access: string; readonly access_expires_at: string };
}

/** One that counts: those of runs and peers end with theirs. */
export function isCounted({ run_id, peer_id }: TokenRecord): boolean {
  return run_id === undefined && peer_id === undefined;
}

/** True when nothing of the family holds any more, nor ever will. */
export function isOver({ revoked_at, expires_at, refresh_expires_at }: TokenRecord, nowMs: number): boolean {
  if (revoked_at !== undefined) return true;
  return [expires_at, refresh_expires_at].every((end) => end === undefined || parseTime(end) <= nowMs);
}
