import type { Host } from "../host.js";
import type { AgentConfig } from "./config-schema.js";
import type { AgentTool } from "./tool.js";
import type { MessageService } from "./tools/messages.js";
import type { ToolsetOptions } from "./toolset.js";

/** A language model of the AI SDK, of any specification version. */
export interface AgentModel {
  readonly specificationVersion: string;
  readonly provider: string;
  readonly modelId: string;
}

/** What of a toolset is the same for all runs and nothing of the agent's own. */
export type ToolsetSurroundings = Omit<
  ToolsetOptions,
  "context" | "config" | "profile" | "home" | "env" | "extra" | "cwd" | "host" | "session" | "threads" | "joinMesh"
>;

/** A run of the agent that is to be a peer. */
export interface JoiningRun {
  readonly run_id: string;
  /** What its starter called it. */
  readonly label?: string;
  /** Folder it works in. */
  readonly path: string;
  /** The run that started it. */
  readonly parent_id?: string;
  readonly signal: AbortSignal;
}

/** The mesh, as runs of the agent enter it. */
export interface AgentMesh {
  /** Makes a peer of a run, until the run ends, and gives what its tools reach the others by. */
  join(run: JoiningRun): Promise<MessageService>;
}

/** What the built-in agent is made with. */
export interface AgentExecutorOptions {
  /** @defaultValue nothing is configured: providers come from the environment */
  readonly config?: AgentConfig;
  /** The home folder. @defaultValue `$ANODE_HOME`, else `~/.config/anode` */
  readonly home?: string;
  /** @defaultValue the environment of this process */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where runs work that name no folder. @defaultValue the folder of this process */
  readonly cwd?: string;
  /** Clock and randomness. @defaultValue `systemHost` */
  readonly host?: Host;
  /** Opens models in the place of the provider table; `reference` is what the request, the profile or the configuration names. */
  readonly models?: (reference: string) => AgentModel | Promise<AgentModel>;
  /** Tools of the embedder, beside the built-in ones. */
  readonly tools?: readonly AgentTool[];
  /** How the commands of runs are held and what they are given. @defaultValue as the tools have it by themselves */
  readonly surround?: ToolsetSurroundings;
  /** Where runs whose profile has tools for messages become peers. @defaultValue there are no such tools */
  readonly mesh?: AgentMesh;
  /** Who runs it, as `system.init` tells the agent's readers. @defaultValue "embedded" */
  readonly surroundings?: "headless" | "daemon" | "embedded";
}
