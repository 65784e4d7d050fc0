import type { Carrier, CarrierCall, CarrierReply } from "../../../adapters/client/carrier.js";
import type { ClientOptions } from "../../../adapters/client/client.js";
import { createClient } from "../../../adapters/client/create-client.js";
import type { Client } from "../../../adapters/client/client-types.js";
import { type CodeEntry, errorCatalogue, type ErrorCode, isAnodeError } from "../../../lib/errors.js";
import { createTestHost, type TestHost } from "../../../lib/testing/test-host.js";

/** What the scripted carrier does with one call. */
export type Step = CarrierReply | Error | ((call: CarrierCall) => CarrierReply | Promise<CarrierReply>);

export interface ScriptedCarrier extends Carrier {
  /** Every call it got, in order. */
  readonly calls: CarrierCall[];
}

/** Answers one call after the other; a call too many is a failure of the test. */
export function scriptedCarrier(steps: Iterable<Step>): ScriptedCarrier {
  const left = steps[Symbol.iterator]();
  const calls: CarrierCall[] = [];
  return {
    address: "scripted",
    calls,
    async send(call) {
      calls.push(call);
      const step = left.next();
      if (step.done) throw new Error(`call ${calls.length} was not expected`);
      if (step.value instanceof Error) throw step.value;
      return typeof step.value === "function" ? step.value(call) : step.value;
    },
    close: async () => {},
  };
}

/** A client over a script, with a clock that stands still. */
export function scriptedClient(
  steps: Iterable<Step>,
  options: ClientOptions = {},
): { client: Client; carrier: ScriptedCarrier; calls: CarrierCall[]; host: TestHost } {
  const carrier = scriptedCarrier(steps);
  const host = createTestHost();
  return { client: createClient(carrier, { host, random: () => 0.5, ...options }), carrier, calls: carrier.calls, host };
}

export async function* bytes(...parts: readonly (string | Error)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (typeof part !== "string") throw part;
    yield new TextEncoder().encode(part);
  }
}

export function json(body: unknown, status = 200): CarrierReply {
  return { status, headers: { "content-type": "application/json" }, body: bytes(JSON.stringify(body)) };
}

/** A refusal as the daemon words it. */
export function problem(code: ErrorCode, members: Record<string, unknown> = {}, headers: Record<string, string> = {}): CarrierReply {
  const { status = 500 }: CodeEntry = errorCatalogue[code];
  const document = {
    type: `urn:anode:error:${code}`,
    title: code,
    status,
    detail: `Refused: ${code}.`,
    code,
    request_id: "q-1",
    ...members,
  };
  return { status, headers: { "content-type": "application/problem+json", ...headers }, body: bytes(JSON.stringify(document)) };
}

/** An event stream of these parts; an error breaks it there. */
export function stream(...parts: readonly (string | Error)[]): CarrierReply {
  return { status: 200, headers: { "content-type": "text/event-stream" }, body: bytes("retry: 1000\n\n", ...parts) };
}

export function event(seq: number, status = "running", type = "tick"): string {
  return `id: ${seq}\ndata: ${JSON.stringify({ id: `evt_${seq}`, seq, type, status, time: "2026-01-01T00:00:00.000Z", payload: {} })}\n\n`;
}

/** The code of what the promise rejects with; `"resolves"` when it does not. Handled from the start. */
export function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "resolves",
    (error: unknown) => (isAnodeError(error) ? error.code : String(error)),
  );
}

/** The error itself. */
export async function errorOf(promise: Promise<unknown>): Promise<Error & { code?: string; details?: unknown; status?: number }> {
  return promise.then(
    () => {
      throw new Error("it resolved");
    },
    (error: Error) => error,
  );
}
