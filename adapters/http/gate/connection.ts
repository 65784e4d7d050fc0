import { AnodeError } from "../../../lib/errors.js";
import type { Limits } from "../../../lib/limits.js";
import type { Call } from "../call.js";
import type { HeaderMap } from "../headers.js";
import { checkHost } from "./host-header.js";
import { checkOrigin } from "./origin.js";
import { parseTarget, type Target } from "./target.js";

/** What the stages on the connection compare with. */
export interface ConnectionRules {
  readonly hosts: readonly string[];
  readonly origins: readonly string[];
  readonly limits: Pick<Limits, "headerCount" | "targetBytes">;
}

/** What these stages let through. */
export interface Checked {
  readonly target: Target;
  /** The foreign origin, when it is a listed one. */
  readonly origin?: string;
}

/**
 * Stages 0 to 4: version, host, target, origin. Reads no body, knows no routes, decides on the raw parts alone.
 * @throws `headers_too_large`, `http_version`, `host_not_allowed`, `invalid_target`, `target_too_long`, `token_in_url`,
 * `origin_not_allowed`, and the fault of the door
 */
export function checkConnection(call: Call, headers: HeaderMap, rules: ConnectionRules): Checked {
  if (call.fault) throw call.fault;
  if (call.rawHeaders.length > 2 * rules.limits.headerCount) {
    throw new AnodeError("headers_too_large", `The request has more than ${rules.limits.headerCount} headers.`);
  }
  if (call.httpVersion !== "1.1") throw new AnodeError("http_version", "This server speaks HTTP/1.1 only.");
  checkHost(headers, call.door, rules.hosts);
  const target = parseTarget(call.target, rules.limits.targetBytes);
  const origin = checkOrigin(headers, call.door.origins, rules.origins);
  return origin === undefined ? { target } : { target, origin };
}
