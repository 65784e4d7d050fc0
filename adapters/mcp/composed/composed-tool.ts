import type * as z from "zod";
import type { OperationCaller, ToolCallOptions } from "../operation-caller.js";

type Document = Readonly<Record<string, unknown>>;

/** A tool that is more than one call of its operation. */
export interface ComposedTool {
  /** @defaultValue the summary of the operation */
  readonly description?: string;
  readonly input: z.ZodType;
  readonly call: (client: OperationCaller, input: never, options: ToolCallOptions) => Promise<Document>;
}

/** Writes a composed tool down with the type that its schema gives. */
export function composedTool<Schema extends z.ZodType>(
  tool: Omit<ComposedTool, "input" | "call"> & {
    readonly input: Schema;
    readonly call: (client: Calls, input: z.infer<Schema>, options: ToolCallOptions) => Promise<Document>;
  },
): ComposedTool {
  return {
    ...tool,
    call: (client, input, options) => {
      const { signal } = options;
      const call: Calls["call"] = async (name, given) => (await client.call(name, given, signal ? { signal } : {})) as Document;
      return tool.call({ call }, input, options);
    },
  };
}

/** What a composed tool calls: operations, ended with the call of the tool. */
export interface Calls {
  call(operation: Parameters<OperationCaller["call"]>[0], input: Document): Promise<Document>;
}
