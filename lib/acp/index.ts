/**
 * Drives foreign agents (Claude Code, Codex, Gemini CLI, OpenCode and any other) over the Agent Client Protocol; needs
 * the optional package `@agentclientprotocol/sdk`.
 * @packageDocumentation
 */
export { type AcpExecutorOptions, createAcpExecutor } from "./acp-executor.js";
export { builtInAgents, resolveAgents } from "./agents.js";
export { detectAgent, type DetectedAgent } from "./detect.js";
export { findCommand } from "./find-command.js";
export type { AgentEnd } from "./launch.js";
export type { AgentMcpServer } from "./mcp-servers.js";
export type { MessageStream } from "./messages.js";
export type { OpenPermissions, PermissionCall, PermissionRun, Permissions, ToolLevel, Verdict } from "../permissions/schema.js";
export { type AgentDefinition, agentDefinition } from "./schema.js";
