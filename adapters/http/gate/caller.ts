import { allScopes, localCaller, type Caller } from "../../../lib/caller.js";
import { AnodeError, isAnodeError } from "../../../lib/errors.js";
import type { Call } from "../call.js";
import { headerValues, type HeaderMap } from "../headers.js";
import type { Limiter } from "./limiter.js";

/**
 * Says who makes a call, from its headers, its door or its connection; `undefined` = nobody known.
 * @throws `auth_invalid` for a credential that does not hold
 */
export type Authenticate = (call: Call) => Caller | undefined | Promise<Caller | undefined>;

/**
 * Stages 5 and 6. The limiter is asked only about credentials that failed, so nobody's failures lock another out.
 * @throws `auth_invalid`, `too_many_failures`
 */
export async function identify(call: Call, headers: HeaderMap, authenticate: Authenticate, limiter: Limiter): Promise<Caller | undefined> {
  try {
    const caller = await authenticate(call);
    return caller && headers.has("anode-run") ? insideRun(caller) : caller;
  } catch (error) {
    throw counted(error, call, limiter);
  }
}

/**
 * Counts a credential that turned out not to hold, wherever it was judged: in the head of a call, or in the body that brings it.
 * @returns what to throw: `too_many_failures` in place of `auth_invalid`, once the address has used up its failures
 */
export function counted(error: unknown, call: Call, limiter: Limiter): unknown {
  if (!isAnodeError(error) || error.code !== "auth_invalid" || call.door.kind === "unix") return error;
  const retryAfterSeconds = limiter.failed(call.address ?? "");
  if (retryAfterSeconds === undefined) return error;
  return new AnodeError("too_many_failures", "Too many credentials from this address have failed.", { retryAfterSeconds });
}

/** The caller without the powers that a run must not have. `admin` includes the others, so what it leaves is named. */
export function insideRun(caller: Caller): Caller {
  const scopes = caller.scopes.includes("admin") ? (["read", "control"] as const) : caller.scopes.filter((scope) => scope !== "approve");
  return { ...caller, scopes, inside_run: true };
}

/** Without an `authenticate` function: whoever reached the Unix socket or holds the process is the owner, everybody else nobody. */
export const ownerOfDoor: Authenticate = (call) => {
  if (headerValues(call, "authorization").length > 0) {
    throw new AnodeError("auth_invalid", "This server knows no credentials.", { details: { reason: "unknown" } });
  }
  if (call.door.kind === "unix") return { id: "owner", door: "unix", scopes: allScopes };
  return call.door.kind === "memory" ? localCaller : undefined;
};

/** Who calls when nobody is known and the operation is open to all. */
export const anonymous: Caller = { id: "anonymous", door: "tcp", scopes: [] };
