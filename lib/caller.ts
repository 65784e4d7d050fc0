/** `read` looks, `control` operates what is defined, `approve` answers approvals, `admin` defines code to run. */
export type Scope = "read" | "control" | "approve" | "admin";

/** All scopes, as the owner has them. */
export const allScopes: readonly Scope[] = ["read", "control", "approve", "admin"];

/** Who makes a call. Identity comes from the door and from tokens alone, never from a body or a header. */
export interface Caller {
  /** `owner`, `local`, `token:<id>` or `run:<id>`. */
  readonly id: string;
  readonly door: "in_process" | "unix" | "tcp";
  readonly scopes: readonly Scope[];
  /** The run this caller is bound to, from its token record (or because it is that run). */
  readonly run_id?: string;
  readonly peer_id?: string;
  /** A header said that the call comes from inside a run: no answers, whatever the scopes. */
  readonly inside_run?: boolean;
  /**
   * Set for a token-less TCP caller: proves, anew for each call, that the process behind the connection is no run's.
   * Called before an `approve` or `admin` power is used. False = `caller_is_a_run`.
   */
  readonly prove?: () => Promise<boolean>;
}

/** The embedding application itself. */
export const localCaller: Caller = { id: "local", door: "in_process", scopes: allScopes };

/** True when the caller has the scope; `admin` includes the others. */
export function hasScope(caller: Caller, scope: Scope): boolean {
  return caller.scopes.includes(scope) || caller.scopes.includes("admin");
}

/** True for a caller that is bound to no run and no peer: the owner of the daemon, or who works for it. */
export function isOwner({ run_id, peer_id }: Caller): boolean {
  return run_id === undefined && peer_id === undefined;
}
