import { type ErrorCode, isAnodeError } from "../errors.js";

/** Why the daemon ends a socket, and what that means for the client's next try. */
export const closeCodes = {
  goingAway: 1001,
  policy: 1008,
  tooBig: 1009,
  overloaded: 1013,
  noConnect: 4000,
  unproven: 4001,
  invalidIdentity: 4002,
  rootPath: 4003,
  retired: 4004,
  replaced: 4005,
  malformed: 4006,
  tooSlow: 4008,
  rolledBack: 4009,
} as const;
export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];

const byError: { readonly [Code in ErrorCode]?: CloseCode } = {
  auth_required: closeCodes.unproven,
  auth_invalid: closeCodes.unproven,
  too_many_failures: closeCodes.unproven,
  scope_required: closeCodes.unproven,
  caller_is_a_run: closeCodes.unproven,
  identity_unproven: closeCodes.unproven,
  peer_not_found: closeCodes.retired,
  peer_retired: closeCodes.retired,
};

/** How a socket ends whose peer could not be registered: the client is at fault, unless the daemon has no room. */
export function closeCodeOf(error: unknown): CloseCode {
  const known = isAnodeError(error) ? byError[error.code] : undefined;
  if (known !== undefined) return known;
  const isClients = isAnodeError(error) && error.status !== undefined && error.status !== 429 && error.status < 500;
  return isClients ? closeCodes.invalidIdentity : closeCodes.overloaded;
}
