/**
 * What a program has to know of the built-in agent before it runs one: its settings, its names, and whom a person trusts.
 * Little is loaded for it; the agent itself is behind the door of this room.
 */
export { type AgentConfig, agentConfig } from "../config-schema.js";
export { readHookFile } from "../hooks/hook-file.js";
export { agentProfiles } from "../profiles.js";
export { builtInProviders } from "../providers/table.js";
export { builtinToolNames } from "../tools/tool-names.js";
export { createTrust, type Trust, type TrustedWorkspace } from "../trust.js";
