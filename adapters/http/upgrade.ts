import { AnodeError } from "../../lib/errors.js";
import { joined, type HeaderMap } from "./headers.js";

/**
 * What an upgrade must be before any route is asked: one `Upgrade: websocket` of version 13. No operation is a WebSocket, so
 * one that is right in itself is answered as a path that does not exist.
 * @throws `malformed_request`, `upgrade_required`, `not_found`
 */
export function checkUpgrade(headers: HeaderMap): never {
  if (joined(headers, "upgrade")?.toLowerCase() !== "websocket") {
    throw new AnodeError("malformed_request", "The only protocol a connection could change to is websocket.");
  }
  if (joined(headers, "sec-websocket-version") !== "13") {
    throw new AnodeError("upgrade_required", "WebSockets are spoken in version 13 only.");
  }
  throw new AnodeError("not_found", "There is no WebSocket at this path.");
}
