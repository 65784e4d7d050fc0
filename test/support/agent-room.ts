import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { AgentConfig } from "../../lib/agent/config-schema.js";
import type { AgentTool, ToolCall, ToolResult } from "../../lib/agent/tool.js";
import type { ToolRoom } from "../../lib/agent/tools/tool-room.js";
import { createFileRoom } from "../../lib/agent/workspace/file-room.js";
import { openWorkspace } from "../../lib/agent/workspace/workspace.js";
import { createCommands, createContainment } from "../../lib/node/index.js";
import type { Answer, QuestionInput } from "../../lib/questions/schema.js";
import type { RunContext } from "../../lib/runs/executor.js";
import type { NormalRequest } from "../../lib/runs/normal-request.js";
import { systemHost } from "../../lib/system-host.js";
import { createFakeRun, type FakeRun } from "./run-context.js";

/** A run with folders of its own, for tests of what surrounds the model. */
export interface AgentRoom {
  readonly folder: string;
  /** The workspace, a folder with `.git`. */
  readonly root: string;
  readonly home: string;
  readonly run: FakeRun;
  /** The run's context, with questions that `answers` answers. */
  readonly context: RunContext;
  readonly questions: QuestionInput[];
  /** What the next questions are answered; without one, a question is denied. */
  readonly answers: (Partial<Answer> | "allow_once" | "allow_always" | "deny")[];
  readonly room: ToolRoom;
  readonly previews: { text: string; stream: string | undefined }[];
  call(call_id?: string): ToolCall;
  /** Executes a tool as the loop would. */
  use(tool: AgentTool, args: Readonly<Record<string, unknown>>, call_id?: string): Promise<ToolResult>;
  /** Writes a file of the workspace. */
  write(path: string, text: string | Buffer): Promise<string>;
  close(): Promise<void>;
}

/** Makes the folders and the run. */
export async function openAgentRoom(
  options: { config?: AgentConfig; request?: Partial<NormalRequest>; env?: Readonly<Record<string, string | undefined>> } = {},
): Promise<AgentRoom> {
  const { config = {}, env = { PATH: process.env["PATH"] } } = options;
  const folder = await realpath(await mkdtemp(join(tmpdir(), "agent-")));
  const root = join(folder, "workspace");
  const home = join(folder, "home");
  await mkdir(join(root, ".git"), { recursive: true });
  await mkdir(home);
  const run = createFakeRun({ cwd: root, ...options.request });
  const questions: QuestionInput[] = [];
  const answers: AgentRoom["answers"] = [];
  const context: RunContext = {
    ...run.context,
    async ask(question) {
      questions.push(question);
      return toAnswer(answers.shift());
    },
  };
  const workspace = await openWorkspace({ cwd: root, home, ...(config.tools?.readRoots && { readRoots: config.tools.readRoots }) });
  const room: ToolRoom = {
    run_id: context.run.id,
    files: createFileRoom(workspace),
    config,
    commands: createCommands({
      host: systemHost,
      containment: createContainment({ storeId: "agent-test" }),
      baseEnv: env,
      hide: { home, sockets: [] },
    }),
    env,
    outputBytes: config.tools?.limits?.outputBytes ?? 65_536,
  };
  const previews: AgentRoom["previews"] = [];
  const call = (call_id = "c1"): ToolCall => ({
    call_id,
    signal: context.signal,
    context,
    preview: (text, stream) => void previews.push({ text, stream }),
  });
  return {
    folder,
    root,
    home,
    run,
    context,
    questions,
    answers,
    room,
    previews,
    call,
    use: (tool, args, call_id) => tool.execute(args, call(call_id)),
    async write(path, text) {
      const real = join(root, path);
      await mkdir(dirname(real), { recursive: true });
      await writeFile(real, text);
      return real;
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

function toAnswer(given: AgentRoom["answers"][number] | undefined): Answer {
  if (given === undefined) return { outcome: "denied", decision: "deny", reason: "no_approver" };
  if (typeof given === "object") return { outcome: "answered", ...given };
  return given === "deny"
    ? { outcome: "answered", decision: "deny", option_id: "deny", reason: "denied" }
    : { outcome: "answered", decision: "allow", option_id: given };
}
