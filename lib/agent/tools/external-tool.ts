import { messageOf } from "../../thrown.js";
import type { AgentTool, ToolCall, ToolLevel, ToolResult } from "../tool.js";
import { cutText } from "./cut-text.js";
import { type Answered, errorResult } from "./define-tool.js";
import { ToolError } from "./tool-error.js";

/** A tool that somebody else carries out: an MCP server, a plugin, a program of the toolbox. */
export interface ExternalTool {
  readonly name: string;
  readonly description: string;
  readonly level: ToolLevel;
  readonly opaque: boolean;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly run: (args: Readonly<Record<string, unknown>>, call: ToolCall) => Promise<Answered>;
}

const eventBytes = 240 * 1024;
const descriptionUnits = 4096;

/** Makes it a tool like ours: its failures are results, its text is cut. */
export function toAgentTool({ run, ...tool }: ExternalTool, outputBytes: number): AgentTool {
  return {
    ...tool,
    description: tool.description.slice(0, descriptionUnits).toWellFormed(),
    async execute(args, call): Promise<ToolResult> {
      try {
        call.signal.throwIfAborted();
        const { text, output = text, ok = true, error, exit_code } = await run(args, call);
        return {
          ok,
          text: cutText(text, outputBytes),
          output: typeof output === "string" ? cutText(output, eventBytes) : output,
          ...(error !== undefined && { error }),
          ...(exit_code !== undefined && { exit_code }),
        };
      } catch (error) {
        call.signal.throwIfAborted();
        if (error instanceof ToolError) return errorResult(error.code, error.message);
        return errorResult("failed", messageOf(error));
      }
    },
  };
}

const askable: readonly string[] = ["auto_read", "external_read", "state_write", "confirm_execute", "confirm_write"];

/** The level somebody claims for a tool of his own; whatever is none asks. */
export function claimedLevel(claimed: unknown): ToolLevel {
  return typeof claimed === "string" && askable.includes(claimed) ? (claimed as ToolLevel) : "confirm_execute";
}
