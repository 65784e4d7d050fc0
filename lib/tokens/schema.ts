import * as z from "zod";
import { later } from "../later.js";

export const scope = later(() => z.enum(["read", "control", "approve", "admin"]));

/** Body of a new token. */
export const tokenRequest = later(() =>
  z.strictObject({
    label: z.string().min(1).max(256),
    scopes: z.array(scope).min(1).max(4),
    /** 60 s to 24 h. */
    ttl_ms: z.int().min(60_000).max(86_400_000).exactOptional(),
    /** Binds the token to a run: it counts as that run and ends with it. */
    run_id: z.string().max(128).exactOptional(),
    /** With a refresh token, that is exchanged for the next pair. */
    refresh: z.boolean().exactOptional(),
  }),
);
export type TokenRequest = z.infer<typeof tokenRequest>;

/** What is shown of a token after it was made. */
export const tokenInfo = later(() =>
  z.strictObject({
    id: z.string(),
    label: z.string(),
    scopes: z.array(scope),
    run_id: z.string().exactOptional(),
    /** The peer that its caller is. */
    peer_id: z.string().exactOptional(),
    created_at: z.string(),
    /** Absent for one that lives as long as it is used. */
    expires_at: z.string().exactOptional(),
    /** Until then its refresh token is exchanged for the next pair. */
    refresh_expires_at: z.string().exactOptional(),
    /** Ends when it was not used for so long. */
    idle_ttl_ms: z.int().exactOptional(),
    last_used_at: z.string().exactOptional(),
    revoked_at: z.string().exactOptional(),
  }),
);
export type TokenInfo = z.infer<typeof tokenInfo>;

/** The answer to a new token, and to its refresh token; the only time their texts are shown. */
export const newToken = later(() =>
  z.strictObject({
    id: z.string(),
    token: z.string(),
    scopes: z.array(scope),
    expires_at: z.string(),
    /** Good for one exchange at `POST /auth/refresh`. */
    refresh_token: z.string().exactOptional(),
    refresh_expires_at: z.string().exactOptional(),
  }),
);
export type NewToken = z.infer<typeof newToken>;

/** A code that a page exchanges for a token of its own. */
export interface LoginCode {
  readonly code: string;
  readonly expires_at: string;
}

/** The answer to a login code. */
export const session = later(() => z.strictObject({ token: z.string(), scopes: z.array(scope), expires_at: z.string() }));
export type Session = z.infer<typeof session>;
