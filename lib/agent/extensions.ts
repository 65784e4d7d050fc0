import { openServers, type Servers } from "./mcp/open-servers.js";
import { readServerFiles } from "./mcp/server-files.js";
import { openPlugins, type Plugins } from "./plugins/open-plugins.js";
import type { AgentTool } from "./tool.js";
import type { Notice } from "./notices.js";
import { openToolbox } from "./toolbox/open-toolbox.js";
import { fittingName } from "./tools/tool-name.js";
import type { ToolRoom } from "./tools/tool-room.js";

/** What others add to a run's tools and hooks. */
export interface Extensions {
  readonly servers: Servers;
  readonly plugins: Plugins;
  readonly toolbox: readonly AgentTool[];
}

/** What extensions are opened by. */
export interface ExtensionOptions {
  readonly home: string;
  /** Whether the workspace's own files may name servers. */
  readonly isTrusted: boolean;
  readonly signal: AbortSignal;
  /** False when the run can have no tool whose name begins so. */
  readonly wants: (beginning: string) => boolean;
  /** Hears what is wrong with a file. */
  readonly wrong: (path: string, why: string) => Promise<void>;
}

/** Everything that is started for the run's life, at once; when one part refuses the run, the others are ended. */
export async function openExtensions(
  room: ToolRoom,
  notice: Notice,
  { home, isTrusted, signal, wants, wrong }: ExtensionOptions,
): Promise<Extensions> {
  // What the run has no tool of is not started for it: a child that only reads costs no server.
  const named = (await readServerFiles({ home, root: room.files.workspace.root, isTrusted, wrong })).map((server) =>
    wants(fittingName("mcp", server.name, "").slice(0, 50)) ? server : { ...server, config: { ...server.config, disabled: true } },
  );
  const [servers, plugins, toolbox] = await Promise.allSettled([
    openServers(room, named, notice, signal),
    openPlugins(room, notice, signal),
    wants("tb__") ? openToolbox(room, notice, signal) : [],
  ]);
  if (servers.status === "fulfilled" && plugins.status === "fulfilled" && toolbox.status === "fulfilled") {
    return { servers: servers.value, plugins: plugins.value, toolbox: toolbox.value };
  }
  await Promise.all([servers, plugins].map(async (part) => (part.status === "fulfilled" ? part.value.close() : undefined)));
  throw [servers, plugins, toolbox].find((part) => part.status === "rejected")?.reason;
}
