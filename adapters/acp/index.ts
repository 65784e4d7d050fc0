/**
 * The runs of a daemon as an agent of the Agent Client Protocol; needs the optional package `@agentclientprotocol/sdk`.
 * @packageDocumentation
 */
export { type AgentAppOptions, createAgentApp, type ServedAgent } from "./agent-app.js";
export type { RunsClient } from "./runs-client.js";
export { loadSdk, type Sdk } from "./sdk.js";
export { openSessionPairs, type SessionPair, type SessionPairs } from "./session-pairs.js";
export { serveAcp, type ServeAcpOptions } from "./stdio.js";
