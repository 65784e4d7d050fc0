import type { ToolLevel } from "../permissions/schema.js";
import type { RunContext } from "../runs/executor.js";

export type { ToolLevel };

/** One tool as the model and the permission rules see it. */
export interface AgentTool {
  readonly name: string;
  readonly description: string;
  readonly level: ToolLevel;
  /** Effect unknown (MCP, toolbox): mode `auto` always asks. */
  readonly opaque?: boolean;
  /** JSON schema of the arguments, strict (additionalProperties false for built-in tools). */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Never throws for a wrong use: an error is a result whose text starts `error: <code>: `. Rejects only on abort. */
  execute(args: Readonly<Record<string, unknown>>, call: ToolCall): Promise<ToolResult>;
}

/** What a tool works with during one call. */
export interface ToolCall {
  readonly call_id: string;
  readonly signal: AbortSignal;
  /** The run's context: emit, ask, start, input. */
  readonly context: RunContext;
  /** Growing output, shown as `tool.delta`. */
  preview(text: string, stream?: string): void;
}

/** What a call gave: `text` for the model (already cut), `output` for the event (at most 256 KiB). */
export interface ToolResult {
  readonly ok: boolean;
  readonly text: string;
  readonly output?: unknown;
  readonly error?: string;
  readonly exit_code?: number;
}
