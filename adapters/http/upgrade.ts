import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type Caller, hasScope } from "../../lib/caller.js";
import { AnodeError } from "../../lib/errors.js";
import type { Call } from "./call.js";
import { announcesBody, type HeaderMap, joined } from "./headers.js";
import type { Perform } from "./handler.js";

/** A connection that has left HTTP. */
export interface Upgraded {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What the client has sent already. */
  readonly head: Buffer;
}

/** An upgrade that has passed the gate. */
export interface UpgradeRequest {
  readonly call: Call;
  /** Absent only where the first frame may bring the credential. */
  readonly caller?: Caller;
  readonly perform: Perform;
  readonly requestId: string;
  /** Judges a credential that came later than the head of the request. @throws `auth_invalid`, `too_many_failures` */
  prove(token: string): Promise<{ readonly caller: Caller; readonly signal: AbortSignal }>;
}

/** What serves WebSockets. */
export interface Sockets {
  readonly path: string;
  /** An upgrade without a credential is let through: its first frame must bring one. */
  readonly firstFrameAuth: boolean;
  /** Decides whether there is room, and answers who takes over the connection. @throws `too_many_streams` */
  open(request: UpgradeRequest): (upgraded: Upgraded) => void;
  /** Ends all of them, at the latest after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

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
