import * as z from "zod";
import { type BuiltinTool, defineTool } from "./define-tool.js";
import type { JsonFile } from "../workspace/json-file.js";
import type { ToolRoom } from "./tool-room.js";

const todo = z.strictObject({ content: z.string().min(1).max(1000), status: z.enum(["pending", "in_progress", "completed"]) });
/** The list of a thread as it is kept. */
export const todoList = z.array(todo).max(50);
type Todos = z.infer<typeof todoList>;

const readArgs = z.strictObject({});
const writeArgs = z.strictObject({ todos: todoList });

/** Tools `todo_read` and `todo_write` over the list of one thread. */
export function createTodoTools(room: ToolRoom, store: JsonFile<Todos>): BuiltinTool[] {
  return [
    defineTool(
      {
        name: "todo_read",
        description: "Shows the to-do list of this thread.",
        level: "auto_read",
        args: readArgs,
        run: async () => shown(await store.read()),
      },
      room.outputBytes,
    ),
    defineTool(
      {
        name: "todo_write",
        description: "Replaces the to-do list of this thread.",
        level: "state_write",
        args: writeArgs,
        async run({ todos }, { context }) {
          await store.update(() => todos);
          await context.emit("plan.updated", { entries: todos });
          return shown(todos);
        },
      },
      room.outputBytes,
    ),
  ];
}

const marks = { pending: "[ ]", in_progress: "[~]", completed: "[x]" } as const;

function shown(todos: Todos): string {
  return todos.length === 0 ? "The list is empty." : todos.map(({ content, status }) => `${marks[status]} ${content}`).join("\n");
}
