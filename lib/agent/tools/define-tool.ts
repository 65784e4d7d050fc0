import * as z from "zod";
import { messageOf } from "../../thrown.js";
import type { AgentTool, ToolCall, ToolLevel, ToolResult } from "../tool.js";
import { cutText } from "./cut-text.js";
import { ToolError } from "./tool-error.js";

/** A path that a call touches, as the model wrote it. */
export interface TouchedPath {
  readonly path: string;
  readonly writes: boolean;
}

/** A tool of ours: beside what the model sees, what the permission rules need to judge a call. */
export interface BuiltinTool extends AgentTool {
  /** The paths a call touches; absent = none. */
  readonly paths?: (args: Readonly<Record<string, unknown>>) => readonly TouchedPath[];
  /** What a person sees of a write before it is done: a unified diff. */
  readonly diff?: (args: Readonly<Record<string, unknown>>) => Promise<string | undefined>;
  /** What is wrong with the arguments, for the model. */
  readonly problem: (args: Readonly<Record<string, unknown>>) => string | undefined;
}

/** What a tool answers: the text alone, or with what the event shows. */
export interface Answered {
  readonly text: string;
  /** @defaultValue the text */
  readonly output?: unknown;
  /** @defaultValue true */
  readonly ok?: boolean;
  readonly error?: string;
  readonly exit_code?: number;
}

/** A tool as it is written down. */
export interface ToolDefinition<Schema extends z.ZodType> {
  readonly name: string;
  readonly description: string;
  readonly level: ToolLevel;
  readonly args: Schema;
  readonly paths?: (args: z.infer<Schema>) => readonly TouchedPath[];
  readonly diff?: (args: z.infer<Schema>) => Promise<string | undefined>;
  readonly run: (args: z.infer<Schema>, call: ToolCall) => Promise<string | Answered>;
}

const eventBytes = 240 * 1024;

/** Makes a tool whose arguments are checked, whose errors are results and whose text is cut to `outputBytes`. */
export function defineTool<Schema extends z.ZodType>(definition: ToolDefinition<Schema>, outputBytes: number): BuiltinTool {
  const { name, description, level, args: schema, paths, diff, run } = definition;
  const parsed = (args: unknown): z.infer<Schema> | undefined => {
    const result = schema.safeParse(args);
    return result.success ? result.data : undefined;
  };
  return {
    name,
    description,
    level,
    parameters: parametersOf(schema),
    problem(args) {
      const result = schema.safeParse(args, { reportInput: true });
      return result.success ? undefined : described(result.error.issues);
    },
    ...(paths && {
      paths: (args: Readonly<Record<string, unknown>>) => {
        const valid = parsed(args);
        return valid === undefined ? [] : paths(valid);
      },
    }),
    ...(diff && {
      diff: async (args: Readonly<Record<string, unknown>>) => {
        const valid = parsed(args);
        return valid === undefined ? undefined : diff(valid).catch(() => undefined);
      },
    }),
    async execute(args, call) {
      const result = schema.safeParse(args, { reportInput: true });
      if (!result.success) return errorResult("invalid_arguments", described(result.error.issues));
      try {
        call.signal.throwIfAborted();
        return toResult(await run(result.data, call), outputBytes);
      } catch (error) {
        call.signal.throwIfAborted();
        if (error instanceof ToolError) return errorResult(error.code, error.message);
        return errorResult("failed", messageOf(error));
      }
    },
  };
}

/** What the model sees of each schema: drawn once, for all runs. */
const drawn = new WeakMap<z.ZodType, AgentTool["parameters"]>();

function parametersOf(schema: z.ZodType): AgentTool["parameters"] {
  const known = drawn.get(schema);
  if (known) return known;
  const { $schema: _, ...parameters } = z.toJSONSchema(schema, { io: "input" }) as Record<string, unknown>;
  drawn.set(schema, parameters);
  return parameters;
}

/** The result of a call that could not be done. */
export function errorResult(code: string, message: string): ToolResult {
  return { ok: false, text: `error: ${code}: ${message}`, error: `${code}: ${message}` };
}

function toResult(answer: string | Answered, outputBytes: number): ToolResult {
  const { text, output, ok = true, error, exit_code } = typeof answer === "string" ? { text: answer } : answer;
  return {
    ok,
    text: cutText(text, outputBytes),
    output: typeof output === "object" ? output : cutText(typeof output === "string" ? output : text, eventBytes),
    ...(error !== undefined && { error }),
    ...(exit_code !== undefined && { exit_code }),
  };
}

interface Issue {
  readonly code?: string;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly keys?: readonly string[];
}

function described(issues: readonly Issue[]): string {
  return issues
    .slice(0, 5)
    .map(({ code, keys, path, message }) => {
      if (code === "unrecognized_keys") return `unknown argument ${(keys ?? []).slice(0, 5).join(", ")}`;
      return `${path.map(String).join(".") || "arguments"}: ${message}`;
    })
    .join("; ");
}
