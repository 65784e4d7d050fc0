import * as z from "zod";
import type { JsonFile } from "../workspace/json-file.js";
import { type BuiltinTool, defineTool } from "./define-tool.js";
import { ToolError } from "./tool-error.js";
import type { ToolRoom } from "./tool-room.js";

const items = 200;
const status = z.enum(["pending", "in_progress", "completed", "canceled"]);
const item = z.strictObject({
  id: z.string(),
  title: z.string(),
  status,
  depends_on: z.array(z.string()),
});
/** The list of a workspace as it is kept. */
export const taskList = z.array(item).max(items);
type Tasks = z.infer<typeof taskList>;

const args = z.strictObject({
  action: z.enum(["list", "add", "update"]),
  id: z.string().min(1).max(64).exactOptional().describe("Of the item to update"),
  title: z.string().min(1).max(500).exactOptional(),
  status: status.exactOptional(),
  depends_on: z.array(z.string().min(1).max(64)).max(50).exactOptional().describe("Ids of items that must be completed before"),
});

/** Tool `task_list` over the durable list of a workspace. */
export function createTaskListTool(room: ToolRoom, store: JsonFile<Tasks>): BuiltinTool {
  return defineTool(
    {
      name: "task_list",
      description: "Keeps a list of tasks of this workspace that outlasts the run.",
      level: "state_write",
      args,
      async run({ action, ...fields }) {
        if (action === "list") return shown(await store.read());
        return shown(await store.update((tasks) => (action === "add" ? added(tasks, fields) : updated(tasks, fields))));
      },
    },
    room.outputBytes,
  );
}

type Fields = Omit<z.infer<typeof args>, "action">;

function added(tasks: Tasks, { id, title, status: state = "pending", depends_on = [] }: Fields): Tasks {
  if (id !== undefined) throw new ToolError("invalid_arguments", "id is given by the list; leave it out");
  if (title === undefined) throw new ToolError("invalid_arguments", "title is required");
  if (tasks.length >= items) throw new ToolError("too_large", `the list has ${items} items; complete work before adding more`);
  const next = Math.max(0, ...tasks.map((task) => Number(task.id) || 0)) + 1;
  return checked([...tasks, { id: String(next), title, status: state, depends_on }], String(next));
}

function updated(tasks: Tasks, { id, title, status: state, depends_on }: Fields): Tasks {
  if (id === undefined) throw new ToolError("invalid_arguments", "id is required");
  if (!tasks.some((task) => task.id === id)) throw new ToolError("not_found", `there is no item ${id}`);
  const change = (task: Tasks[number]): Tasks[number] => ({
    ...task,
    ...(title !== undefined && { title }),
    ...(state !== undefined && { status: state }),
    ...(depends_on !== undefined && { depends_on }),
  });
  return checked(
    tasks.map((task) => (task.id === id ? change(task) : task)),
    id,
  );
}

/** Every item depends on others that are there, and none on itself, by whatever way round. */
function checked(tasks: Tasks, id: string): Tasks {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const missing = byId.get(id)?.depends_on.find((other) => !byId.has(other));
  if (missing !== undefined) throw new ToolError("not_found", `there is no item ${missing}`);
  const seen = new Set<string>();
  const waiting = [...(byId.get(id)?.depends_on ?? [])];
  for (let other = waiting.pop(); other !== undefined; other = waiting.pop()) {
    if (other === id) throw new ToolError("invalid_arguments", `item ${id} would depend on itself`);
    if (seen.has(other)) continue;
    seen.add(other);
    waiting.push(...(byId.get(other)?.depends_on ?? []));
  }
  return tasks;
}

function shown(tasks: Tasks): string {
  if (tasks.length === 0) return "The list is empty.";
  return tasks
    .map(
      ({ id, title, status: state, depends_on }) =>
        `${id}. [${state}] ${title}${depends_on.length > 0 ? ` (after ${depends_on.join(", ")})` : ""}`,
    )
    .join("\n");
}
