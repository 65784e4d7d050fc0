import type { Host } from "../host.js";
import type { RunContext } from "../runs/executor.js";
import { systemHost } from "../system-host.js";
import { messageOf } from "../thrown.js";
import type { AgentConfig } from "./config-schema.js";
import { openExtensions } from "./extensions.js";
import { createGuidance, type Guidance } from "./guidance/guidance.js";
import type { HookEvent } from "./hooks/hook-file.js";
import type { HookVerdict } from "./hooks/run-hooks.js";
import { postFields, toolFields } from "./hooks/tool-fields.js";
import type { ServerStatus } from "./mcp/open-servers.js";
import { mayNameServers } from "./mcp/server-files.js";
import type { Notice, NoticeCode } from "./notices.js";
import { type Authorization, createAuthorize, type RequestedCall } from "./permissions/authorize.js";
import { createGrants } from "./permissions/grants.js";
import { permissionMode } from "./permissions/levels.js";
import type { CommandSurroundings } from "./run-commands.js";
import { openGround } from "./run-ground.js";
import { findSkills, skillFolders, skillsText } from "./skills/find-skills.js";
import type { AgentTool } from "./tool.js";
import { createBuiltinTools } from "./tools/builtin-tools.js";
import type { BuiltinTool } from "./tools/define-tool.js";
import { type MessageService, messageTools } from "./tools/messages.js";
import { mayFit, selectTools } from "./tools/select-tools.js";
import type { ThreadService } from "./tools/threads.js";
import type { FileRoom } from "./workspace/file-room.js";

export type { ThreadService };

/** Everything of one run that surrounds the model: its tools, what may run, what the model is told. */
export interface Toolset {
  readonly tools: readonly AgentTool[];
  /** Decides whether a call may run, asking where it has to; catches everything and denies. */
  authorize(call: RequestedCall): Promise<Authorization>;
  /** Runs the hooks of an event other than `PreToolUse`. */
  hook(
    event: "SessionStart" | "SessionEnd" | "UserPromptSubmit" | "PostToolUse" | "PreCompact",
    fields: Readonly<Record<string, unknown>>,
  ): Promise<HookVerdict>;
  /** Guidance and the list of skills, for the instructions. */
  guidance(): Promise<string>;
  readonly mcpServers: readonly ServerStatus[];
  close(): Promise<void>;
}

/** What a toolset is opened with. */
export interface ToolsetOptions extends CommandSurroundings {
  readonly context: RunContext;
  readonly config: AgentConfig;
  /** What of the profile matters here. */
  readonly profile: { readonly tools: readonly string[] | "craft"; readonly readOnly: boolean };
  readonly home: string;
  /** Tools of the embedder; one with the name of a built-in tool takes its place. */
  readonly extra?: readonly AgentTool[];
  /** Where a request without `cwd` works. @defaultValue the folder of this process */
  readonly cwd?: string;
  /** @defaultValue the system's */
  readonly host?: Host;
  /** The run's thread: its id, and the file of its to-do list. */
  readonly session?: { readonly id: string; readonly todoFile: string };
  readonly threads?: ThreadService;
  /** Makes a peer of the run; called only when it keeps a tool for messages. Without it there are none. */
  readonly joinMesh?: () => Promise<MessageService>;
}

/**
 * Opens the toolset of a run: registry after profile, request and configuration; hooks, MCP servers, plugins and toolbox.
 * @throws `mcp_failed` for a required server; `executor_error` for a file of hooks that cannot be read as meant
 */
export async function openToolset(options: ToolsetOptions): Promise<Toolset> {
  const { config, context, extra = [], home, host = systemHost, profile, session } = options;
  const { room, isTrusted, notice, ...ground } = await openGround(context, context.request.cwd ?? options.cwd ?? process.cwd(), {
    ...options,
    host,
  });
  const { files } = room;
  const { workspace } = files;
  const wrongFile = (code: NoticeCode) => (path: string, why: string) => notice("warning", code, `${path} is skipped: ${why}.`);
  const skills = await findSkills(
    skillFolders({ home, root: workspace.root, ...(config.skills?.paths && { paths: config.skills.paths }) }),
    config.skills?.disabled ?? [],
    wrongFile("skill_skipped"),
  );
  const wants = (beginning: string): boolean =>
    (profile.tools === "craft" || mayFit(profile.tools, beginning)) && (!context.request.tools || mayFit(context.request.tools, beginning));
  const { plugins, servers, toolbox } = await openExtensions(room, notice, {
    home,
    signal: context.signal,
    wants,
    isTrusted: mayNameServers(isTrusted, config, options.env),
    wrong: wrongFile("mcp_failed"),
  });

  const selection = {
    profile: profile.tools,
    readOnly: profile.readOnly,
    requested: context.request.tools,
    disabled: config.tools?.disabled ?? [],
  };
  const mesh = selectTools(messageTools, selection).length > 0 ? await joined(options, notice) : undefined;
  let tools: readonly AgentTool[] = [];
  const builtin = createBuiltinTools(room, {
    home: workspace.home,
    skills,
    now: host.clock.now,
    toolNames: () => tools.map(({ name }) => name),
    ...(session && { todoFile: session.todoFile }),
    ...(options.threads && { threads: options.threads }),
    ...(mesh && { mesh }),
  });
  const guidance = createGuidance(workspace, (path) =>
    notice("info", "guidance_left_out", `${workspace.shown(path)} is left out: there is no room for it.`),
  );
  const runHooks = ground.hooks(plugins.hooks, () => session?.id ?? context.request.session_id);
  const beside = new Map<string, string>();
  const all: AgentTool[] = [...extra, ...builtin, ...servers.tools, ...toolbox, ...plugins.tools];
  tools = selectTools(all, selection).map((tool) => inRun(tool, { files, guidance, beside }));

  const find = (name: string): AgentTool | undefined => tools.find((tool) => tool.name === name);
  const authorize = createAuthorize({
    context,
    files,
    find,
    mode: permissionMode(context.request.approval_mode, config),
    rules: config.permissions ?? [],
    blocked: config.shell?.blocked ?? [],
    isReadOnly: profile.readOnly,
    grants: createGrants(),
    async beforeTool({ args, call_id, name }) {
      const { context: said, reject } = await runHooks("PreToolUse", toolFields(name, args));
      if (said !== undefined) beside.set(call_id, said);
      return reject;
    },
  });
  return {
    tools,
    authorize,
    hook: (event: HookEvent, fields) => runHooks(event, event === "PostToolUse" ? postFields(fields) : fields),
    async guidance() {
      return [await guidance.text(), skillsText(find("skill") ? skills : [])].filter((text) => text !== "").join("\n\n");
    },
    mcpServers: servers.statuses,
    async close() {
      await Promise.all([servers.close(), plugins.close()]);
    },
  };
}

/** Without a mesh the run goes on, and is no peer. */
async function joined({ joinMesh, context }: ToolsetOptions, notice: Notice): Promise<MessageService | undefined> {
  try {
    return await joinMesh?.();
  } catch (error) {
    context.signal.throwIfAborted();
    await notice("warning", "mesh_unavailable", `The run is no peer: ${messageOf(error)}`);
    return undefined;
  }
}

/** A tool as the run has it: what it touches counts for the guidance, and a hook's word goes with its result. */
function inRun(
  tool: AgentTool,
  { beside, files, guidance }: { beside: Map<string, string>; files: FileRoom; guidance: Guidance },
): AgentTool {
  return {
    ...tool,
    async execute(args, call) {
      try {
        const result = await tool.execute(args, call);
        const touched = "paths" in tool ? ((tool as BuiltinTool).paths?.(args) ?? []) : [];
        for (const { path } of touched) guidance.touch(await files.workspace.resolve(path).catch(() => files.workspace.cwd));
        const said = beside.get(call.call_id);
        return said === undefined ? result : { ...result, text: `${result.text}\n\n${said}` };
      } finally {
        beside.delete(call.call_id);
        files.dismiss(call.call_id);
      }
    },
  };
}
