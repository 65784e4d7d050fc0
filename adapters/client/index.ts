/**
 * The typed client of the contract: the same methods, answers, errors and streams in this process, in memory, over TCP and
 * over a Unix socket.
 * @packageDocumentation
 */

export { type Address, formatAddress, isLoopback, parseAddress } from "../../lib/address.js";
export type { AttachOptions } from "./attach.js";
export type { CallFile, Carrier, CarrierCall, CarrierReply, PeerSocket, SocketEvents } from "./carrier.js";
export { type ClientOptions, createClient } from "./client.js";
export type {
  AskAndWaitMethod,
  AttachMethod,
  AttachmentMethods,
  CallArguments,
  CallOptions,
  Client,
  ClientMethod,
  Download,
  EventsMethod,
  ListMethods,
  NounMethods,
  UploadDetails,
  UploadSource,
} from "./client-types.js";
export { connect, type ConnectOptions } from "./connect.js";
export type { PeerConnection, PeerDisconnect, PeerHandlers, PeerOptions, Receipt } from "./connect-peer.js";
export type { Token, TokenProvider } from "./credential.js";
export { type DaemonFile, readDaemonFile } from "./daemon-file.js";
export { discover, type DiscoverOptions, type Discovery, type Environment, homeFolder } from "./discovery.js";
export type { FeedOptions } from "./events.js";
export type { ClientHooks, RequestInfo, ResponseInfo, RetryInfo } from "./hooks.js";
export { httpCarrier, type HttpCarrierOptions } from "./http-carrier.js";
export type { ReconnectInfo, ResumeOptions } from "./resume.js";
export { inProcessCarrier } from "./in-process-carrier.js";
export { type MemoryCall, memoryCarrier, type MemoryReply } from "./memory-carrier.js";
