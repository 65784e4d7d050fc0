/**
 * The run manager for agent work: start runs in the background, list them, attach to them, answer their questions.
 * @packageDocumentation
 */
export { ask, type Ask, type AskMany, askMany, type AskManyReport, askManyReport, type CloseReason, closeReason } from "./asks/schema.js";
export {
  type AttachmentPage,
  Attachments,
  type AttachmentsParts,
  type AttachmentUses,
  type OpenAttachment,
} from "./attachments/attachments.js";
export { type BlobStore, checkBlobId, type OpenBlob, type Written } from "./attachments/blob-store.js";
export { createMemoryBlobs } from "./attachments/memory-blobs.js";
export type { AttachmentJournal } from "./attachments/record.js";
export { attachmentList, type AttachmentRef, attachmentRef } from "./attachments/schema.js";
export { allScopes, type Caller, hasScope, localCaller, type Scope } from "./caller.js";
export { openApiDocument } from "./contract/document.js";
export { operations } from "./contract/index.js";
export {
  type ByteStream,
  type CallBody,
  type CallContext,
  type FileBody,
  type Handler,
  type Operation,
  type Result,
  type Services,
} from "./contract/operation.js";
export { createPerform, type Perform } from "./contract/perform.js";
export { type OperationInput, type OperationName, type OperationOutput, operationSchemas, type ValidInput } from "./contract/schemas.js";
export { createServices, type ServiceParts } from "./contract/services.js";
export type { DaemonParts } from "./contract/services/daemon.js";
export {
  AnodeError,
  type AnodeErrorOptions,
  type CodeEntry,
  entryOf,
  type ErrorCode,
  errorCatalogue,
  isAnodeError,
  isErrorCode,
  type Issue,
} from "./errors.js";
export type { BufferReader, EventBuffer } from "./events/buffer.js";
export { encodeLine } from "./events/encode.js";
export type { Preview, StreamEvent } from "./events/event.js";
export { type EventOf, type EventPayloads, isEvent, type PayloadOf } from "./events/event-payloads.js";
export type { AskEndPayload, AskEventPayloads, AskIds } from "./asks/event-payloads.js";
export type { MessageEventPayloads, MessageStatePayload } from "./messages/event-payloads.js";
export type { PeerEventPayloads } from "./peers/event-payloads.js";
export type { QuestionEventPayloads } from "./questions/event-payloads.js";
export type {
  DeltaPayload,
  EndPayload,
  FileLocation,
  PermissionDenial,
  QueuedPayload,
  RunEventPayloads,
  TextPayload,
} from "./runs/event-payloads.js";
export type { FeedFilter, FeedRules } from "./events/feed-filter.js";
export type { Journal, Redact } from "./events/journal.js";
export type { Appended, Draft, FeedDraft, Folded, Step, StreamOwner } from "./events/step.js";
export type { EventsBack } from "./events/read-back.js";
export { createRingBuffer } from "./events/ring-buffer.js";
export type { FrameChunk } from "./events/slab.js";
export type { CancelTimer, Clock, Host, Log } from "./host.js";
export { type Bound, defaultLimits, type Limits, limitTable, resolveLimits } from "./limits.js";
export { attachmentUses } from "./mesh/attachment-uses.js";
export type { MeshStats } from "./mesh/composed-mesh.js";
export type { MeshPanes } from "./mesh/mesh-panes.js";
export { Mesh } from "./mesh/mesh.js";
export type { MeshOptions } from "./mesh/options.js";
export type { InProcessReceiver } from "./messages/channel.js";
export {
  type ClientFrame,
  clientFrames,
  type ConnectedFrame,
  type ConnectFrame,
  type DaemonFrame,
  daemonFrames,
  type MessageFrame,
  receiptStatus,
  type ReceiptStatus,
} from "./messages/frames.js";
export { type CloseCode, closeCodes } from "./messages/link-close.js";
export {
  type AskedQuestion,
  askedQuestion,
  type AttachedFile,
  attachedFile,
  type DeliveryState,
  deliveryState,
  message,
  type Message,
  type MessageKind,
  messageKind,
  type RepliedAnswer,
  repliedAnswer,
} from "./messages/schema.js";
export type { Opening, PeerLink, PeerSockets, PerformCall, Wire } from "./messages/socket.js";
export type { KnownProcess, PaneLook } from "./panes/look-at-pane.js";
export { createMemoryPanes, type MemoryPane, type MemoryPanes } from "./panes/memory-panes.js";
export { createNoPanes } from "./panes/no-panes.js";
export type { NewPane, Pane, PaneBackend, PaneProcess, Probe } from "./panes/pane-backend.js";
export { checkedPaneId } from "./panes/pane-id.js";
export type { HookFiles, HookRequest, ProcessProbe, StartedHook, StartHook } from "./panes/ports.js";
export {
  contradiction,
  type Contradiction,
  doctorReport,
  type DoctorReport,
  type HookFile,
  linkedPane,
  type LinkedPane,
  linkRequest,
  type LinkRequest,
  orphanPane,
  type OrphanPane,
  orphanPanes,
  type OrphanPanes,
  type RehookReport,
  rehookReport,
} from "./panes/schema.js";
export type { PaneSight, PeerProbes, Probe as PeerProbe } from "./peers/evidence.js";
export type { Registered } from "./peers/registration.js";
export {
  type InboundStatus,
  inboundStatus,
  type Peer,
  peer,
  peerRecord,
  type PeerRecord,
  peerRegistration,
  type PeerRegistration,
  type PeerStatus,
  peerStatus,
  peerUpdate,
  type PeerUpdate,
  type RetireReason,
  retireReasons,
  type TurnState,
  turnState,
} from "./peers/schema.js";
export { plainText } from "./plain-text.js";
export type { Asker, CallAnswer, CallQuestion } from "./questions/ask-and-wait.js";
export type { HeldQuestion, OpenQuestion, QuestionDesk } from "./questions/desk-types.js";
export type { QuestionPage, QuestionQuery } from "./questions/list.js";
export {
  type Answer,
  answer,
  type AnswerInput,
  answerInput,
  type DenyReason,
  denyReason,
  type Question,
  question,
  type QuestionInput,
  questionInput,
  type QuestionKind,
  questionKind,
  type QuestionOption,
  questionOption,
  type QuestionOutcome,
  questionOutcome,
  type QuestionScope,
  questionScope,
  type QuestionTool,
  questionTool,
} from "./questions/schema.js";
export type { Folders } from "./runs/accept.js";
export type { Executor, Outcome, Prepared, Profile, RunContext, RunHandle, RunInput } from "./runs/executor.js";
export { type CommandTemplate, type NormalRequest, type Supports, supportsNothing } from "./runs/normal-request.js";
export type { FeedLookBack, FeedOptions, FeedPage, FeedReader, FeedReaders } from "./runs/feed.js";
export { functionExecutor } from "./runs/function-executor.js";
export type { RunManagerEvents, RunPage, RunQuery, RunStats } from "./runs/manager-types.js";
export { RunManager } from "./runs/manager.js";
export type { CallOptions, RecordedProcess, Retention, RunManagerOptions } from "./runs/options.js";
export type { ApprovalCeiling, ProcessPolicy } from "./runs/policy.js";
export type { PruneRule } from "./runs/retention.js";
export {
  type Approval,
  approval,
  type ApprovalMode,
  approvalMode,
  type Budget,
  budget,
  type CancelPolicy,
  cancelPolicy,
  type InputRecord,
  inputRecord,
  runInput,
  type RunInputRequest,
  type RunOrigin,
  runOrigin,
  type RunRequest,
  runRequest,
  type RunStatus,
  runStatus,
  type RunSummary,
  runSummary,
  type StopReason,
  stopReason,
  type Usage,
  usage,
} from "./runs/schema.js";
export type { StartDetails } from "./runs/starter.js";
export type { AttachOptions, EventPage, RunReaders } from "./runs/streams.js";
export { isTerminal } from "./runs/transitions.js";
export type { IdempotencyKeys, KeyedReply, KeyScope, StoredReply } from "./store/idempotency.js";
export { createMemoryStore, type MemoryStoreOptions } from "./store/memory-store.js";
export type { Append, Batch, Delete, ListQuery, Put, Store, Stored, StoredPage, StoreUsage, StreamPage, Trim } from "./store/store.js";
export { formatTime, parseTime, systemHost } from "./system-host.js";
export {
  type LoginCode,
  type NewToken,
  newToken,
  scope,
  type Session,
  session,
  type TokenInfo,
  tokenInfo,
  type TokenRequest,
  tokenRequest,
} from "./tokens/schema.js";
export { type KnownCaller, type TokenLimits, Tokens } from "./tokens/tokens.js";
export { trace, type Trace, type TraceKind, traceKind, traceStage, type TraceStage } from "./traces/schema.js";
export { version } from "./version.js";
