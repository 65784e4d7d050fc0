/**
 * The contract's tools over the Model Context Protocol; needs the optional package `@modelcontextprotocol/sdk`.
 * @packageDocumentation
 */
export type { OperationCaller } from "./operation-caller.js";
export { createMcpServer, type McpServer, type McpServerOptions, type McpTransport } from "./server.js";
export { serveMcp, type ServeMcpOptions } from "./stdio.js";
