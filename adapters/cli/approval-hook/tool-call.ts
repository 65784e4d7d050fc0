import { isObject } from "../../../lib/plain-object.js";

/** A tool call as a runtime tells of it on standard input. */
export interface ToolCall {
  readonly event: string;
  readonly tool: string;
  /** The runtime's own id of the call; not every one gives one. */
  readonly id?: string;
  readonly input: unknown;
  readonly cwd?: string;
  readonly session?: string;
}

const limitBytes = 32 * 1024 * 1024;

/** Reads a tool call. @throws Error for anything else */
export async function readToolCall(stdin: AsyncIterable<Uint8Array | string>, events: readonly string[]): Promise<ToolCall> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    const piece = Buffer.from(chunk as Uint8Array);
    bytes += piece.length;
    if (bytes > limitBytes) throw malformed(`it is over ${limitBytes / 1024 / 1024} MiB`);
    chunks.push(piece);
  }
  return toToolCall(parse(Buffer.concat(chunks)), events);
}

function toToolCall(told: Record<string, unknown>, events: readonly string[]): ToolCall {
  const { hook_event_name: event, tool_name: tool, tool_use_id: id, tool_input: input, cwd, session_id: session } = told;
  if (typeof event !== "string" || !events.includes(event)) throw malformed(`hook_event_name must be ${events.join(" or ")}`);
  if (typeof tool !== "string" || tool.trim() === "") throw malformed("tool_name must name a tool");
  if (input === undefined) throw malformed("tool_input is missing");
  return {
    event,
    tool,
    input,
    ...(typeof id === "string" && id !== "" && { id }),
    ...(typeof cwd === "string" && { cwd }),
    ...(typeof session === "string" && { session }),
  };
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw malformed((error as Error).message, error);
  }
  if (isObject(value)) return value;
  throw malformed("it is not one JSON object");
}

function malformed(what: string, cause?: unknown): Error {
  return new Error(`Standard input holds no tool call: ${what}.`, { cause });
}
