import type { RunManager } from "../../lib/index.js";
import type { Carrier } from "./carrier.js";
import { clientOver, type ClientOptions } from "./client.js";
import type { Client } from "./client-types.js";
import { managerCarrier } from "./in-process-carrier.js";

/**
 * The contract as typed methods over a carrier, or over a manager in this process.
 * @throws `invalid_request` when `retries` or `bodyBytes` is not a whole number from 0 on
 */
export function createClient(target: Carrier | RunManager, options: ClientOptions = {}): Client {
  return clientOver("send" in target ? target : managerCarrier(target), options);
}
