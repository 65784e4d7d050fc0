/**
 * The built-in agent: a model loop on the AI SDK with tools, permissions, threads and subagents. The packages `ai` and
 * `@ai-sdk/*` are optional peers, loaded when the first run is prepared.
 * @packageDocumentation
 */
export { createAgentExecutor } from "./agent-executor.js";
export { createForeignRules, type ForeignRulesOptions } from "./foreign-rules.js";
export { createForeignServers, type ForeignServer, type ForeignServersOptions } from "./mcp/foreign-servers.js";
export type { AgentExecutorOptions, AgentMesh, AgentModel, JoiningRun, ToolsetSurroundings } from "./options.js";
export { readReview, type Review, type ReviewOptions } from "./review/read-review.js";
export { withChecks } from "./review/with-checks.js";
export { archivingExecutor, type ArchivingOptions } from "./threads/archiving-executor.js";
export {
  type AgentConfig,
  agentConfig,
  agentProfiles,
  builtInProviders,
  builtinToolNames,
  createTrust,
  readHookFile,
  type Trust,
  type TrustedWorkspace,
} from "./settings/index.js";
export { createToolListing, type ListedTool, type ToolListingOptions } from "./tool-listing.js";
export type { MessageService } from "./tools/messages.js";
export type { CommandSurroundings } from "./run-commands.js";
export type { AgentTool, ToolCall, ToolLevel, ToolResult } from "./tool.js";
export type { OpenPermissions, PermissionCall, PermissionRun, Permissions, Verdict } from "../permissions/schema.js";
