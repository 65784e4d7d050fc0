import type { OperationName } from "../../lib/contract/schemas.js";

/** How the tools reach the contract: any client of it, over any carrier. */
export interface OperationCaller {
  /**
   * Performs one operation and answers its JSON document; of an event stream one page.
   * @throws an `AnodeError` with the code of the refusal
   */
  call(operation: OperationName, input: Readonly<Record<string, unknown>>, options?: { readonly signal?: AbortSignal }): Promise<unknown>;
}
