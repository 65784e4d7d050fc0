import type { Ask, AskManyReport } from "../../lib/asks/schema.js";
import { isAnodeError } from "../../lib/errors.js";
import type { Message } from "../../lib/messages/schema.js";
import type { Trace } from "../../lib/traces/schema.js";
import type { Client } from "../client/client-types.js";

/** A trace, and what it is of. */
export interface Traced {
  readonly trace: Trace;
  readonly ask?: Ask;
  readonly many?: AskManyReport;
  readonly message?: Message;
}

/** What was seen to happen to an ask, to one of many asks or to a message. @throws `trace_not_found` and its kin */
export async function readTraced(client: Client, id: string): Promise<Traced> {
  if (id.startsWith("dlv-")) {
    // The copies of a broadcast have one trace.
    const message = await client.messages.get({ delivery_id: id }).catch(nothing);
    return { trace: await client.traces.get({ trace_id: message?.trace_id ?? id }), ...(message && { message }) };
  }
  if (id.startsWith("askm-")) {
    const [trace, many] = await Promise.all([client.traces.get({ trace_id: id }), client.asks.askManyResult({ id }).catch(nothing)]);
    return { trace, ...(many && { many }) };
  }
  const [trace, ask] = await Promise.all([client.traces.get({ trace_id: id }), client.asks.get({ id }).catch(nothing)]);
  return { trace, ...(ask && { ask }) };
}

/** It may not be kept any more, or be another's. */
function nothing(error: unknown): undefined {
  if (isAnodeError(error) && error.status === 404) return undefined;
  throw error;
}
