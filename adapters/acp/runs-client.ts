import type { Preview, StreamEvent } from "../../lib/events/event.js";
import type { RunRequest, RunSummary } from "../../lib/runs/schema.js";

/** What the door needs of a client of the contract; the typed client is one. */
export interface RunsClient {
  readonly runs: {
    start(request: RunRequest): Promise<{ readonly run_id: string }>;
    get(input: { readonly id: string }): Promise<RunSummary>;
    list(input: { readonly session_id: string; readonly limit: number }): Promise<{ readonly runs: readonly RunSummary[] }>;
    cancel(input: { readonly id: string; readonly reason?: string }): Promise<unknown>;
    input(input: { readonly id: string; readonly text: string; readonly delivery: "queue" }): Promise<{ readonly input_id: string }>;
    answer(input: {
      readonly id: string;
      readonly question_id: string;
      readonly digest: string;
      readonly option_id?: string;
      readonly text?: string;
    }): Promise<unknown>;
    attach(
      id: string,
      options: { readonly previews?: boolean; readonly approver?: boolean; readonly follow?: boolean; readonly signal?: AbortSignal },
    ): AsyncIterable<StreamEvent | Preview>;
  };
}
