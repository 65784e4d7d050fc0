import type { Caller } from "../caller.js";
import type { Redact } from "../events/journal.js";
import type { QueuedPayload } from "./event-payloads.js";
import type { NormalRequest, Supports } from "./normal-request.js";
import type { RunOrigin } from "./schema.js";

const unshown: ReadonlySet<string> = new Set(["env", "stdin", "template", "run_label"]);

/** The payload of `run.queued`: the accepted request without what is secret in it, and what goes with it. */
export function queuedPayload(
  request: NormalRequest,
  about: { readonly executor: string; readonly origin: RunOrigin; readonly supports: Supports; readonly caller: Caller },
): QueuedPayload {
  const payload: Record<string, unknown> = {};
  for (const field in request) if (!unshown.has(field)) payload[field] = request[field as keyof NormalRequest];
  payload["label"] = request.run_label ?? "";
  payload["executor"] = about.executor;
  payload["origin"] = about.origin;
  if (request.env) payload["env_names"] = Object.keys(request.env);
  if (request.stdin !== undefined) payload["stdin_bytes"] = new TextEncoder().encode(request.stdin).length;
  payload["supports"] = about.supports;
  payload["caller"] = { id: about.caller.id, door: about.caller.door };
  return payload as unknown as QueuedPayload;
}

/** The payload without its secrets; where it had some it says so: what was asked for is not in it, and nothing can start from it. */
export function shownPayload(payload: QueuedPayload, redact: Redact): QueuedPayload {
  const shown = redact(payload);
  return shown === payload || JSON.stringify(shown) === JSON.stringify(payload) ? payload : { ...shown, redacted: true };
}
