import type { IncomingMessage } from "node:http";
import type { AnodeError } from "../../lib/errors.js";
import { lowerCased } from "./carrier.js";
import { toError } from "./replies.js";

const largestRefusal = 64 * 1024;

/** The error that an answer means where a WebSocket was asked for. */
export function toRefusal(response: IncomingMessage): Promise<AnodeError> {
  const flat = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
  return toError({ status: response.statusCode ?? 0, headers: lowerCased(flat), body: response }, largestRefusal);
}
