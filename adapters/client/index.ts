/**
 * The typed client of the contract: the same methods, answers, errors and streams in this process, in memory, over TCP and
 * over a Unix socket.
 * @packageDocumentation
 */

export type { Ask, AskManyReport } from "../../lib/asks/schema.js";
export type { AttachmentRef } from "../../lib/attachments/schema.js";
export type { StreamEvent } from "../../lib/events/event.js";
export type { Message } from "../../lib/messages/schema.js";
export type { DoctorReport } from "../../lib/panes/schema.js";
export type { Peer, PeerRegistration } from "../../lib/peers/schema.js";
export type { Question } from "../../lib/questions/schema.js";
export type { AskEventPayloads } from "../../lib/asks/event-payloads.js";
export { type EventOf, type EventPayloads, isEvent } from "../../lib/events/event-payloads.js";
export type { MessageEventPayloads } from "../../lib/messages/event-payloads.js";
export type { PeerEventPayloads } from "../../lib/peers/event-payloads.js";
export type { QuestionEventPayloads } from "../../lib/questions/event-payloads.js";
export type { RunEventPayloads } from "../../lib/runs/event-payloads.js";
export type { RunSummary } from "../../lib/runs/schema.js";
export type { Trace } from "../../lib/traces/schema.js";
export { type Environment, homeFolder } from "../../lib/node/home-folder.js";
export { type Address, formatAddress, isLoopback, parseAddress } from "../../lib/address.js";
export type { AttachOptions } from "./attach.js";
export type { CallFile, Carrier, CarrierCall, CarrierReply, PeerSocket, SocketEvents } from "./carrier.js";
export type { ClientOptions } from "./client.js";
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
export { createClient } from "./create-client.js";
export type { Token, TokenProvider } from "./credential.js";
export { type DaemonFile, readDaemonFile } from "./daemon-file.js";
export { discover, type DiscoverOptions, type Discovery } from "./discovery.js";
export type { FeedOptions } from "./events.js";
export type { ClientHooks, RequestInfo, ResponseInfo, RetryInfo } from "./hooks.js";
export { httpCarrier, type HttpCarrierOptions } from "./http-carrier.js";
export type { ReconnectInfo, ResumeOptions } from "./resume.js";
export { inProcessCarrier } from "./in-process-carrier.js";
export { type MemoryCall, memoryCarrier, type MemoryReply } from "./memory-carrier.js";
