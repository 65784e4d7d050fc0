import { AnodeError } from "../errors.js";

/** Why a credential does not hold. */
type InvalidReason = "unknown" | "expired" | "revoked" | "reused";

/** The error of a credential that does not hold. */
export function invalidToken(reason: InvalidReason, sentence = `The token is ${reason}.`): AnodeError {
  return new AnodeError("auth_invalid", sentence, { details: { reason } });
}
