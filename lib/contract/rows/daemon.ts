import type { Operation } from "../operation.js";

const none = { aliases: [], body: "none", limit_bytes: 0, idempotent: false, reply: "json" } as const;
// Answers that hold a secret are never stored, so these take no idempotency key.
const json = { aliases: [], body: "json", limit_bytes: 65_536, idempotent: false, reply: "json" } as const;

/** The operations of the daemon itself: status, tokens, the document of the contract. */
export const daemonRows: readonly Operation[] = [
  {
    ...none,
    name: "health",
    method: "GET",
    path: "/health",
    scope: "none",
    success: 200,
    codes: [],
    summary: "Health and the number of active runs; only the status without a credential.",
  },
  { ...none, name: "status", method: "GET", path: "/status", scope: "read", success: 200, codes: [], summary: "The whole status document." },
  {
    ...none,
    name: "ready",
    method: "GET",
    path: "/ready",
    scope: "read",
    success: 200,
    codes: ["not_ready"],
    summary: "Whether recovery is over, the store writable and no shutdown begun.",
  },
  { ...none, name: "openapi", method: "GET", path: "/openapi.json", scope: "read", success: 200, codes: [], summary: "This contract as OpenAPI 3.1." },
  {
    ...json,
    name: "tokens.create",
    method: "POST",
    path: "/auth/tokens",
    scope: "admin",
    success: 201,
    codes: ["caller_is_a_run", "run_not_found", "storage_full"],
    summary: "Make a token; the only time it is shown.",
  },
  {
    ...none,
    name: "tokens.list",
    method: "GET",
    path: "/auth/tokens",
    scope: "admin",
    success: 200,
    codes: ["caller_is_a_run"],
    items: "tokens",
    summary: "List tokens without their secrets.",
  },
  {
    ...none,
    name: "tokens.revoke",
    method: "DELETE",
    path: "/auth/tokens/{id}",
    scope: "admin",
    success: 200,
    codes: ["caller_is_a_run", "not_found", "storage_full"],
    summary: "Revoke a token.",
  },
  {
    ...json,
    name: "auth.rotate",
    method: "POST",
    path: "/auth/rotate",
    scope: "admin",
    success: 200,
    codes: ["caller_is_a_run", "token_configured"],
    summary: "Replace the first-launch token; the old one works for the grace.",
  },
  { ...none, name: "auth.self", method: "GET", path: "/auth/self", scope: "read", success: 200, codes: [], summary: "Who the caller is and what it may do." },
];
