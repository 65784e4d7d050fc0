import type { Caller } from "../caller.js";
import type { NormalRequest, Supports } from "./executor.js";
import type { RunOrigin } from "./schema.js";

/** The payload of `run.queued`: the accepted request without what is secret in it, and what goes with it. */
export function queuedPayload(
  request: NormalRequest,
  about: { readonly executor: string; readonly origin: RunOrigin; readonly supports: Supports; readonly caller: Caller },
): Record<string, unknown> {
  const { env, stdin, template: _template, run_label = "", ...rest } = request;
  return {
    ...rest,
    label: run_label,
    executor: about.executor,
    origin: about.origin,
    ...(env && { env_names: Object.keys(env) }),
    ...(stdin !== undefined && { stdin_bytes: new TextEncoder().encode(stdin).length }),
    supports: about.supports,
    caller: { id: about.caller.id, door: about.caller.door },
  };
}
