/**
 * The runs of a daemon as an agent of the Agent Client Protocol; needs the optional package `@agentclientprotocol/sdk`.
 * @packageDocumentation
 */
export { createAgentApp } from "./agent-app.js";
export { openSessionPairs } from "./session-pairs.js";
export { serveAcp } from "./stdio.js";
