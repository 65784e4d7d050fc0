import { type Caller, hasScope } from "../../lib/caller.js";
import { AnodeError } from "../../lib/errors.js";
import type { Call } from "./call.js";
import { announcesBody, type HeaderMap, joined } from "./headers.js";
import type { Sockets } from "./sockets.js";

/**
 * What an upgrade must be before anything else is asked: a GET without a body, one `Upgrade: websocket` of version 13, and a key.
 * @throws `malformed_request`, `upgrade_required`
 */
export function checkUpgrade(call: Call, headers: HeaderMap): void {
  if (joined(headers, "upgrade")?.toLowerCase() !== "websocket") {
    throw new AnodeError("malformed_request", "The only protocol a connection could change to is websocket.");
  }
  if (joined(headers, "sec-websocket-version") !== "13") {
    throw new AnodeError("upgrade_required", "WebSockets are spoken in version 13 only.");
  }
  if (call.method !== "GET" || announcesBody(headers))
    throw new AnodeError("malformed_request", "An upgrade must be a GET without a body.");
}

/** The rest of stage 7 for an upgrade. @throws `not_found`, `scope_required`, `malformed_request` */
export function checkSocket(sockets: Sockets | undefined, path: string, headers: HeaderMap, caller: Caller | undefined): Sockets {
  if (!sockets || path !== sockets.path) throw new AnodeError("not_found", "There is no WebSocket at this path.");
  if (caller && !hasScope(caller, "control")) {
    throw new AnodeError("scope_required", "A WebSocket needs the scope control.", { details: { scope: "control" } });
  }
  if (!/^[+/0-9A-Za-z]{22}==$/.test(joined(headers, "sec-websocket-key") ?? "")) {
    throw new AnodeError("malformed_request", "Sec-WebSocket-Key must be one header with 16 bytes in base64.");
  }
  return sockets;
}
