import * as z from "zod";
import { type BuiltinTool, defineTool } from "./define-tool.js";
import { ToolError } from "./tool-error.js";
import type { ToolRoom } from "./tool-room.js";

/** The threads of this workspace, as the tools reach them. */
export interface ThreadService {
  /** Threads whose text fits, best first. */
  find(
    query: string,
    limit: number,
  ): Promise<readonly { readonly session_id: string; readonly title: string; readonly updated_at: string }[]>;
  /** A part of a thread as text, or `undefined` when there is none of this id in this workspace. */
  read(session_id: string, offset: number, limit: number): Promise<string | undefined>;
  /** Makes a thread that begins with a message. */
  create(first: string): Promise<string>;
}

const findArgs = z.strictObject({ query: z.string().min(1).max(1000), limit: z.int().min(1).max(50).exactOptional() });
const readArgs = z.strictObject({
  session_id: z.string().regex(/^T-[0-9a-f-]{36}$/),
  offset: z.int().min(0).exactOptional().describe("Messages to skip"),
  limit: z.int().min(1).max(200).exactOptional().describe("Messages at most, default 50"),
});
const handoffArgs = z.strictObject({ goal: z.string().min(1).max(8000), context: z.string().max(131_072).exactOptional() });

/** Tools `find_thread`, `read_thread` and `handoff`. */
export function createThreadTools(room: ToolRoom, threads: ThreadService): BuiltinTool[] {
  return [
    defineTool(
      {
        name: "find_thread",
        description: "Finds earlier threads of this workspace.",
        level: "auto_read",
        args: findArgs,
        async run({ query, limit = 10 }) {
          const found = await threads.find(query, limit);
          return found.length === 0
            ? "No threads found."
            : found.map((one) => `${one.session_id}  ${one.updated_at}  ${one.title}`).join("\n");
        },
      },
      room.outputBytes,
    ),
    defineTool(
      {
        name: "read_thread",
        description: "Reads a part of an earlier thread of this workspace.",
        level: "auto_read",
        args: readArgs,
        async run({ session_id, offset = 0, limit = 50 }) {
          const text = await threads.read(session_id, offset, limit);
          if (text === undefined) throw new ToolError("not_found", `there is no thread ${session_id} in this workspace`);
          return text;
        },
      },
      room.outputBytes,
    ),
    defineTool(
      {
        name: "handoff",
        description: "Makes a new thread that begins with a goal and what is to be known for it. Starts nothing.",
        level: "delegated",
        args: handoffArgs,
        async run({ goal, context }) {
          const session_id = await threads.create(context ? `${goal}\n\n${context}` : goal);
          return { text: `New thread ${session_id}.`, output: { session_id } };
        },
      },
      room.outputBytes,
    ),
  ];
}
