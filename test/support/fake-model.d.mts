/** What the server noted of one request. */
export interface ModelRequest {
  readonly api: "anthropic" | "chat" | "responses" | "gemini";
  readonly model: string;
  readonly turn: number;
  readonly tools: readonly string[];
  readonly steps: readonly string[];
  /** What was said last to the model, in the words of its API. */
  readonly last: string;
  /** Absent while it is being answered. */
  readonly ended?: "finished" | "by-client";
}

/** A running fake model server. */
export interface FakeModel {
  readonly port: number;
  /** Without `/v1`. */
  readonly url: string;
  readonly requests: readonly ModelRequest[];
  /** Resolves when the condition holds for the requests so far. */
  seen(condition: (requests: readonly ModelRequest[]) => boolean): Promise<readonly ModelRequest[]>;
  close(): Promise<void>;
}

export function startFakeModel(options?: {
  readonly port?: number;
  readonly chunkDelayMs?: number;
  readonly log?: (entry: ModelRequest) => void;
}): Promise<FakeModel>;
