/**
 * The contract over HTTP: one function from calls to replies, and the doors that wrap it.
 * @packageDocumentation
 */

export type { Call, Connection, Door, Handle, Reply, Upgraded } from "./call.js";
export { toFetchHandler, type FetchInfo } from "./fetch/door.js";
export { insideRun, type Authenticate } from "./gate/caller.js";
export { listenerHosts, listenerOrigins } from "./gate/host-header.js";
export { createContractHandler, type HandlerOptions, type Perform } from "./handler.js";
export { headerValues } from "./headers.js";
export { createHandler, type MountOptions } from "./mount.js";
export { dashboardFiles } from "./node/dashboard-files.js";
export { createNodeDoor, type NodeDoor, type NodeDoorOptions } from "./node/door.js";
export { createPeerSocketRule, type PeerSocketOptions, type PeerSocketRule } from "./node/peer-socket.js";
export { systemProc, type Proc } from "./node/proc.js";
export type { PublicFiles } from "./public-files.js";
export type { Sockets, UpgradeRequest } from "./sockets.js";
export { createMeshSockets, type MeshSocketsOptions } from "./ws/mesh-sockets.js";
