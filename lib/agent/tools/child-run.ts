import * as z from "zod";
import { isAnodeError } from "../../errors.js";
import type { RunRequest } from "../../runs/schema.js";
import { readChanges } from "../review/changes.js";
import { reviewPrompt } from "../review/review-prompt.js";
import type { ToolCall } from "../tool.js";
import { readFound } from "../workspace/file-access.js";
import { toTextFile } from "../workspace/text-file.js";
import { cutText } from "./cut-text.js";
import { type Answered, type BuiltinTool, defineTool } from "./define-tool.js";
import { fileBytes } from "./read.js";
import { ToolError } from "./tool-error.js";
import type { ToolRoom } from "./tool-room.js";

/** How a run starts others for itself. */
export interface ChildRuns {
  /** Starts one and waits for its end. */
  run(request: ChildRequest, call: ToolCall): Promise<Answered>;
}

/** What a child is asked to do. */
export interface ChildRequest {
  readonly prompt: string;
  readonly profile?: string;
  readonly label: string;
}

const atOnce = 4;
const promptBytes = 500 * 1024;

/** The children of a run: at most four at once, with no more tools and no freer mode than the run itself has. */
export function createChildRuns(room: ToolRoom, toolNames: () => readonly string[]): ChildRuns {
  let running = 0;
  const waiting: (() => void)[] = [];
  const enter = async (signal: AbortSignal): Promise<void> => {
    while (running >= atOnce) {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      signal.throwIfAborted();
    }
    running += 1;
  };
  return {
    async run({ prompt, profile, label }, { context, signal }) {
      await enter(signal);
      try {
        const names = toolNames();
        const request: RunRequest = {
          prompt: cutText(prompt, promptBytes),
          ...(profile !== undefined && { profile }),
          run_label: label
            .replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, " ")
            .trim()
            .slice(0, 200),
          approval_mode: context.request.approval_mode,
          cwd: room.files.workspace.cwd,
          // The child's own profile is cut down to what its parent may use.
          ...(names.length > 0 && { tools: names.slice(0, 128) }),
        };
        const handle = await started(() => context.start(request));
        const cancel = (): void => void handle.cancel("the call that waits for it has ended").catch(() => {});
        signal.addEventListener("abort", cancel, { once: true });
        const end = await handle.done().finally(() => signal.removeEventListener("abort", cancel));
        signal.throwIfAborted();
        const text = end.result ?? "";
        if (end.status === "completed")
          return { text: text || "(no result)", output: { run_id: handle.id, status: end.status, result: text } };
        const why = `the run ${handle.id} ended ${end.status}${end.error ? `: ${end.error}` : ""}`;
        return {
          ok: false,
          text: `error: failed: ${why}${text ? `\n${text}` : ""}`,
          output: { run_id: handle.id, status: end.status, error: end.error ?? null },
          error: why,
        };
      } finally {
        running -= 1;
        waiting.shift()?.();
      }
    },
  };
}

async function started<T>(start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (isAnodeError(error)) throw new ToolError("unavailable", `${error.code}: ${error.message}`);
    throw error;
  }
}

const taskArgs = z.strictObject({
  description: z.string().min(1).max(200).describe("A few words that name the task"),
  prompt: z.string().min(1).max(262_144).describe("All that is needed to do it; the other run knows nothing of this one"),
  profile: z.string().min(1).max(128).exactOptional(),
});
const oracleArgs = z.strictObject({
  task: z.string().min(1).max(65_536),
  context: z.string().max(131_072).exactOptional(),
  files: z.array(z.string().min(1)).max(20).exactOptional(),
});
const reviewArgs = z.strictObject({
  focus: z.string().min(1).max(8000).exactOptional(),
  base: z.string().min(1).max(256).exactOptional().describe("Compares with the merge base of this ref"),
});

/** Tools `task`, `oracle` and `code_review`. */
export function createChildTools(room: ToolRoom, children: ChildRuns): BuiltinTool[] {
  return [
    defineTool(
      {
        name: "task",
        description: "Hands a task to a run of its own, waits for it and gives its result.",
        level: "delegated",
        args: taskArgs,
        run: ({ description, prompt, profile }, call) =>
          children.run({ prompt, label: description, ...(profile !== undefined && { profile }) }, call),
      },
      room.outputBytes,
    ),
    defineTool(
      {
        name: "oracle",
        description: "Asks a careful adviser that can read but changes nothing.",
        level: "external_read",
        args: oracleArgs,
        paths: ({ files = [] }) => files.map((path) => ({ path, writes: false })),
        async run({ task, context, files = [] }, call) {
          const parts = await Promise.all(files.map((path) => fileBlock(room, call.call_id, path)));
          const prompt = [task, ...(context ? [`Context:\n${context}`] : []), ...parts].join("\n\n");
          return children.run({ prompt, profile: "oracle", label: "oracle" }, call);
        },
      },
      room.outputBytes,
    ),
    defineTool(
      {
        name: "code_review",
        description: "Has the changes of this repository reviewed.",
        level: "external_read",
        args: reviewArgs,
        async run({ focus, base }, call) {
          const ground = { run_id: room.run_id, commands: room.commands, workspace: room.files.workspace };
          const changes = await readChanges(ground, { signal: call.signal, ...(base !== undefined && { base }) });
          if (changes === undefined) return "Nothing to review.";
          return children.run({ prompt: reviewPrompt(changes, focus), profile: "review", label: "code review" }, call);
        },
      },
      room.outputBytes,
    ),
  ];
}

async function fileBlock({ files }: ToolRoom, call_id: string, path: string): Promise<string> {
  const real = await files.enter(call_id, path, "read");
  const { bytes } = await readFound(real, path, fileBytes);
  return `File ${path}:\n${cutText(toTextFile(bytes, path).text, 32 * 1024)}`;
}
