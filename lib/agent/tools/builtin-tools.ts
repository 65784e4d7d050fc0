import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Skill } from "../skills/find-skills.js";
import { createJsonFile, createMemoryValue } from "../workspace/json-file.js";
import { createApplyPatchTool } from "./apply-patch.js";
import { createAskUserTool } from "./ask-user.js";
import { createBashTool } from "./bash.js";
import { createChildRuns, createChildTools } from "./child-run.js";
import { createCreateFileTool } from "./create-file.js";
import type { BuiltinTool } from "./define-tool.js";
import { createEditFileTool } from "./edit-file.js";
import { createFinderTool } from "./finder.js";
import { createGlobTool } from "./glob.js";
import { createGrepTool } from "./grep.js";
import { createMessageTools, type MessageService } from "./messages.js";
import { createMultiReadTool, createReadTool } from "./read.js";
import { createSkillTool } from "./skill.js";
import { createTaskListTool, taskList } from "./task-list.js";
import { createThreadTools, type ThreadService } from "./threads.js";
import { createTodoTools, todoList } from "./todos.js";
import type { ToolRoom } from "./tool-room.js";
import { createWebSearchTool } from "./web-search.js";

/** What the built-in tools are made of, beside the room they share. */
export interface BuiltinParts {
  readonly home: string;
  readonly skills: readonly Skill[];
  readonly now: () => number;
  /** The file of the thread's to-do list. @defaultValue in memory for the run */
  readonly todoFile?: string;
  readonly threads?: ThreadService;
  readonly mesh?: MessageService;
  /** The names of the run's registry, once it is made. */
  readonly toolNames: () => readonly string[];
}

/** All built-in tools that can work here; those without their service are not there. */
export function createBuiltinTools(room: ToolRoom, parts: BuiltinParts): BuiltinTool[] {
  const { home, mesh, now, skills, threads, todoFile, toolNames } = parts;
  const { root } = room.files.workspace;
  const todos = todoFile === undefined ? createMemoryValue([]) : createJsonFile(todoFile, todoList, []);
  const tasks = createJsonFile(join(home, "tasks", `${createHash("sha256").update(root).digest("hex").slice(0, 16)}.json`), taskList, []);
  const search = createWebSearchTool(room, now);
  return [
    createReadTool(room),
    createMultiReadTool(room),
    createFinderTool(room),
    createGlobTool(room),
    createGrepTool(room),
    createBashTool(room),
    createEditFileTool(room),
    createCreateFileTool(room),
    createApplyPatchTool(room),
    ...createTodoTools(room, todos),
    createTaskListTool(room, tasks),
    ...createChildTools(room, createChildRuns(room, toolNames)),
    ...(skills.length > 0 ? [createSkillTool(room, skills)] : []),
    ...(search ? [search] : []),
    createAskUserTool(room),
    ...(threads ? createThreadTools(room, threads) : []),
    ...(mesh ? createMessageTools(room, mesh) : []),
  ];
}
