import * as z from "zod";
import { messageOf } from "../../thrown.js";
import type { PluginProcess } from "../config-schema.js";
import { hookEvent, type HookEvent } from "../hooks/hook-file.js";
import type { HookPart } from "../hooks/run-hooks.js";
import type { AgentTool } from "../tool.js";
import type { Notice } from "../notices.js";
import { claimedLevel, toAgentTool } from "../tools/external-tool.js";
import { ToolError } from "../tools/tool-error.js";
import { fittingName } from "../tools/tool-name.js";
import type { ToolRoom } from "../tools/tool-room.js";
import { openPeer, type Peer } from "./json-rpc.js";

/** The plugins of a run: their tools and their hooks. */
export interface Plugins {
  readonly tools: readonly AgentTool[];
  /** Those of plugins that are still there; of a lost one only what must be known of its loss. */
  readonly hooks: () => readonly HookPart[];
  close(): Promise<void>;
}

const handshake = z.looseObject({
  name: z.string().min(1).max(64),
  version: z.string().max(64).exactOptional(),
  hooks: z.array(hookEvent).exactOptional(),
  tools: z
    .array(
      z.looseObject({
        name: z.string().min(1).max(128),
        description: z.string().max(16_384),
        parameters: z.record(z.string(), z.unknown()),
        permission: z.string().exactOptional(),
      }),
    )
    .max(128)
    .exactOptional(),
});
const hookReply = z.looseObject({ decision: z.enum(["allow", "reject"]).exactOptional(), reason: z.string().exactOptional() });
const toolReply = z.looseObject({ output: z.unknown() });

/** Starts the plugins of a run. One that does not start is left out, with a notice. */
export async function openPlugins(room: ToolRoom, notice: Notice, signal: AbortSignal): Promise<Plugins> {
  const { processes = [], timeout = 10_000 } = room.config.plugins ?? {};
  const opened = (await Promise.all(processes.map((process) => openPlugin(room, process, { timeout, notice, signal })))).filter(
    (plugin) => plugin !== undefined,
  );
  return {
    tools: opened.flatMap(({ tools }) => tools),
    hooks: () => opened.filter(({ peer }) => !peer.isLost).map(({ hooks }) => hooks),
    async close() {
      await Promise.all(opened.map(({ peer }) => peer.close()));
    },
  };
}

interface Surroundings {
  readonly timeout: number;
  readonly notice: Notice;
  readonly signal: AbortSignal;
}

async function openPlugin(room: ToolRoom, { command, args = [], env, cwd }: PluginProcess, { timeout, notice, signal }: Surroundings) {
  let peer: Peer | undefined;
  try {
    peer = await openPeer({
      commands: room.commands,
      command: {
        run_id: room.run_id,
        argv: [command, ...args],
        cwd: cwd === undefined ? room.files.workspace.root : await room.files.workspace.resolve(cwd),
        ...(env && { env }),
        signal,
      },
      timeoutMs: timeout,
      // A plugin that is lost, or answers too late, is not asked again in this run.
      lost: (why) => void notice("warning", "plugin_lost", `The plugin ${command} is disabled for this run: ${why}.`).catch(() => {}),
    });
    const hello = handshake.parse(await peer.call("initialize", { protocol: 1, workspace_root: room.files.workspace.root }));
    return { peer, hooks: hooksOf(peer, hello), tools: toolsOf(room, peer, hello) };
  } catch (error) {
    await peer?.close();
    signal.throwIfAborted();
    await notice(
      "warning",
      "plugin_failed",
      `The plugin ${command} is left out: ${error instanceof z.ZodError ? "its answer to initialize is wrong" : messageOf(error)}.`,
    );
    return undefined;
  }
}

type Handshake = z.infer<typeof handshake>;

function hooksOf(peer: Peer, { name, hooks = [] }: Handshake): HookPart {
  return {
    name: `plugin ${name}`,
    events: hooks,
    async run(event: HookEvent, fields) {
      const { decision, reason } = hookReply.parse((await peer.call("hook", { ...fields, event })) ?? {});
      return decision === "reject" ? { reject: reason ?? `the plugin ${name} rejected it` } : {};
    },
  };
}

function toolsOf(room: ToolRoom, peer: Peer, { name: plugin, tools = [] }: Handshake): AgentTool[] {
  return tools.map(({ name, description, parameters, permission }) =>
    toAgentTool(
      {
        name: fittingName("plugin", plugin, name),
        description,
        level: claimedLevel(permission),
        opaque: true,
        parameters,
        async run(args, { call_id, signal }) {
          if (peer.isLost) throw new ToolError("unavailable", `the plugin ${plugin} is disabled for this run`);
          const cancel = (): void => peer.notify("cancel", { call_id });
          signal.addEventListener("abort", cancel, { once: true });
          try {
            const timeoutMs = room.config.tools?.externalTimeout ?? 60_000;
            const { output } = toolReply.parse(await peer.call("tool.execute", { name, args, call_id }, { signal, timeoutMs }));
            return { text: typeof output === "string" ? output : JSON.stringify(output ?? null), output };
          } finally {
            signal.removeEventListener("abort", cancel);
          }
        },
      },
      room.outputBytes,
    ),
  );
}
