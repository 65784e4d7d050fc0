import * as z from "zod";
import type { RunContext } from "../runs/executor.js";
import { messageOf } from "../thrown.js";
import type { Ai, ToolSet } from "./ai-sdk.js";
import type { AgentTool, ToolResult } from "./tool.js";
import type { Toolset } from "./toolset.js";
import type { TurnEvents } from "./turn-events.js";

/** What the tools of a run are run with. */
export interface BridgeOptions {
  readonly ai: Ai;
  readonly context: RunContext;
  readonly toolset: Toolset;
  readonly events: TurnEvents;
  /** Aborts with the run, or when the loop gives up. */
  readonly signal: AbortSignal;
  readonly monotonic: () => number;
}

/** The tools of a run as the SDK takes them. */
export interface ToolBridge {
  readonly tools: ToolSet;
  /** Decides about one call; the SDK awaits it inside the step. Never throws. */
  authorize(call: {
    readonly toolCallId: string;
    readonly toolName: string;
    readonly input: unknown;
  }): Promise<{ type: "denied"; reason: string } | undefined>;
  /** Resolves when no tool is running any more. */
  settled(): Promise<void>;
}

/** Hands the run's tools to the SDK: announced, allowed, timed, and waited for at the end. */
export function createToolBridge(options: BridgeOptions): ToolBridge {
  const { ai, toolset, events, signal } = options;
  const running = new Set<Promise<unknown>>();
  const entries = toolset.tools.map((tool) => [
    tool.name,
    ai.tool({
      description: tool.description,
      inputSchema: ai.jsonSchema<Record<string, unknown>>(tool.parameters as Parameters<Ai["jsonSchema"]>[0], {
        validate: validator(tool),
      }),
      execute: (args: Record<string, unknown>, { toolCallId }: { toolCallId: string }): Promise<ToolResult> => {
        // An answer that came after the abort runs nothing.
        signal.throwIfAborted();
        const work = execute(tool, args, toolCallId, options);
        running.add(work);
        void work.then(
          () => running.delete(work),
          () => running.delete(work),
        );
        return work;
      },
      toModelOutput: ({ output }: { output: ToolResult }) => ({
        type: output.ok ? ("text" as const) : ("error-text" as const),
        value: output.text,
      }),
    }),
  ]);
  return {
    tools: Object.fromEntries(entries) as ToolSet,
    async authorize({ toolCallId: call_id, toolName: name, input }) {
      const reason = await refusal(call_id, name, input, options);
      if (reason === undefined) return undefined;
      events.deny(call_id, reason);
      return { type: "denied", reason };
    },
    async settled() {
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}

/** Why a call may not run; a failure to find out is a reason too. */
async function refusal(
  call_id: string,
  name: string,
  input: unknown,
  { events, toolset, signal }: BridgeOptions,
): Promise<string | undefined> {
  try {
    const args = input as Readonly<Record<string, unknown>>;
    await events.reached({ call_id, name, args }, signal);
    const decision = await toolset.authorize({ call_id, name, args });
    if (signal.aborted) return "canceled";
    return decision.allow ? undefined : decision.reason;
  } catch (error) {
    return signal.aborted ? "canceled" : `the permission could not be decided: ${messageOf(error)}`;
  }
}

async function execute(tool: AgentTool, args: Record<string, unknown>, call_id: string, options: BridgeOptions): Promise<ToolResult> {
  const { context, toolset, events, signal, monotonic } = options;
  const startedAt = monotonic();
  const offsets = new Map<string | undefined, number>();
  const preview = (text: string, stream?: string): void => {
    const offset = offsets.get(stream) ?? 0;
    offsets.set(stream, offset + text.length);
    context.preview("tool.delta", { call_id, ...(stream !== undefined && { stream }), offset, text });
  };
  const result = await tool.execute(args, { call_id, signal, context, preview });
  events.ran(call_id, monotonic() - startedAt);
  const { reject, context: added } = await toolset.hook("PostToolUse", {
    tool_name: tool.name,
    tool_args: args,
    ok: result.ok,
    output: result.text,
  });
  const notes = [reject, added].filter((note) => note !== undefined);
  return notes.length > 0 ? { ...result, text: [result.text, ...notes].join("\n\n") } : result;
}

type Validation = { success: true; value: Record<string, unknown> } | { success: false; error: Error };

/** Checks arguments before anyone is asked about the call. Foreign tools check their own: their schemas may be of any kind. */
function validator(tool: AgentTool): (value: unknown) => Validation {
  let schema: z.ZodType | undefined;
  return (value) => {
    schema ??= schemaOf(tool);
    const { success, error } = schema.safeParse(value, { reportInput: true });
    if (success) return { success: true, value: value as Record<string, unknown> };
    const issues = error.issues.slice(0, 5).map(({ path, message }) => `${path.join(".") || "arguments"}: ${message}`);
    return { success: false, error: new Error(`error: invalid_arguments: ${issues.join("; ")}`) };
  };
}

function schemaOf({ parameters, opaque }: AgentTool): z.ZodType {
  const anything = z.record(z.string(), z.unknown());
  if (opaque) return anything;
  try {
    return z.fromJSONSchema(parameters as Parameters<typeof z.fromJSONSchema>[0]);
  } catch {
    return anything;
  }
}
