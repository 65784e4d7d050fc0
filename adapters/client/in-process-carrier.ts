import { type Caller, localCaller } from "../../lib/caller.js";
import type { CallBody, CallContext, Result } from "../../lib/contract/operation.js";
import type { Perform } from "../../lib/contract/perform.js";
import { AnodeError, isAnodeError } from "../../lib/errors.js";
import type { RunManager } from "../../lib/index.js";
import { systemHost } from "../../lib/system-host.js";
import { bytesOf, type CallFile, type Carrier, type CarrierCall, type CarrierReply, chunksOf, lowerCased, sizeOf } from "./carrier.js";

/**
 * Calls the contract in this process. Values pass as JSON, so nothing is shared with the service.
 * @param caller - who calls; tokens mean nothing here. @defaultValue the embedding application, with all scopes
 */
export function inProcessCarrier(perform: Perform, caller: Caller = localCaller): Carrier {
  let calls = 0;
  return {
    address: "in-process",
    async send(call) {
      try {
        const input = JSON.parse(JSON.stringify(call.input)) as Record<string, unknown>;
        return toReply(await perform(call.operation, input, toContext(call, caller, `c-${++calls}`)));
      } catch (error) {
        throw isAnodeError(error) ? error : defect(error);
      }
    },
    close: async () => {},
  };
}

/** The contract served by a manager in this process. */
export function managerCarrier(manager: RunManager): Carrier {
  let loaded: Promise<Perform> | undefined;
  return inProcessCarrier(async (operation, input, context) => {
    loaded ??= loadPerform(manager);
    return (await loaded)(operation, input, context);
  });
}

/** Schemas are loaded on demand: who talks to a daemon needs none, who holds a manager has them already. */
async function loadPerform(manager: RunManager): Promise<Perform> {
  const { createPerform } = await import("../../lib/contract/perform.js");
  const { createServices } = await import("../../lib/contract/services.js");
  return createPerform(createServices(manager), manager.idempotency);
}

function toContext({ headers, signal, file }: CarrierCall, caller: Caller, requestId: string): CallContext {
  const { accept, "last-event-id": lastEventId, "idempotency-key": idempotencyKey, "user-agent": userAgent } = headers;
  return {
    caller,
    signal,
    requestId,
    ...(file && { body: toCallBody(file) }),
    ...(accept !== undefined && { accept }),
    ...(lastEventId !== undefined && { lastEventId }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(userAgent !== undefined && { userAgent }),
  };
}

function toCallBody({ bytes, contentType }: CallFile): CallBody {
  const leastBytes = sizeOf(bytes);
  return {
    ...(leastBytes !== undefined && { leastBytes }),
    open: async () => ({ contentType, bytes: chunksOf(bytes) }),
  };
}

function toReply({ status, body, stream, headers = {} }: Result): CarrierReply {
  const named = lowerCased(headers);
  if (stream) {
    const length = stream.length === undefined ? {} : { "content-length": String(stream.length) };
    return { status, headers: { ...named, ...length, "content-type": stream.contentType }, body: stream.body };
  }
  if (body === undefined) return { status, headers: named, body: bytesOf(undefined) };
  return { status, headers: { ...named, "content-type": "application/json" }, body: bytesOf(JSON.stringify(body)) };
}

function defect(cause: unknown): AnodeError {
  const error_id = systemHost.randomId(9);
  return new AnodeError("internal", "This is a defect of the server; the cause is attached.", { cause, details: { error_id } });
}
