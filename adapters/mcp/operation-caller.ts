import type { OperationName } from "../../lib/contract/schemas.js";

/** What ends a call. */
export interface CallEnd {
  readonly signal?: AbortSignal;
}

/** How a tool is called. */
export interface ToolCallOptions extends CallEnd {
  /** Largest document of the answer. */
  readonly limitBytes: number;
}

/** How the tools reach the contract: any client of it, over any carrier. */
export interface OperationCaller {
  /**
   * Performs one operation and answers its JSON document; of an event stream one page. A wait takes as long as its `timeout_ms` says,
   * more than one request is held for too, as with the client's own methods.
   * @throws an `AnodeError` with the code of the refusal
   */
  call(operation: OperationName, input: Readonly<Record<string, unknown>>, options?: CallEnd): Promise<unknown>;
  /** Files to and from the daemon. Without it there are no tools for attachments. */
  readonly files?: {
    upload(bytes: AsyncIterable<Uint8Array>, details: { readonly filename: string }, options?: CallEnd): Promise<object>;
    download(id: string, options?: CallEnd): Promise<{ readonly filename: string; readonly bytes: AsyncIterable<Uint8Array> }>;
  };
}
