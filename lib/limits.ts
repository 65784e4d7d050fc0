import { AnodeError } from "./errors.js";

/** One bound: its default and what an override may be. */
export interface Bound {
  /** The default. */
  readonly value: number;
  readonly min: number;
  readonly max: number;
  /** What the bound is and what happens over it. */
  readonly text: string;
}

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;
const HOUR_MS = 3_600_000;
const bound = (value: number, text: string, min = 1, max = Number.MAX_SAFE_INTEGER): Bound => ({ value, min, max, text });

/** The table of bounds; the figures and what happens over them. */
export const limitTable = {
  bodyBytes: bound(MiB, "JSON body; over it 413"),
  bodyDepth: bound(32, "nesting of a JSON body; over it 400"),
  bodyTokens: bound(20_000, "structural characters of a JSON body; over it 400"),
  targetBytes: bound(8 * KiB, "request target; over it 414"),
  headerBytes: bound(16 * KiB, "header block; over it 431"),
  headerCount: bound(100, "headers of a request; over it 431"),
  headerMs: bound(5_000, "time for the header block; over it 408"),
  requestMs: bound(30_000, "time for a whole request; over it 408"),
  uploadMs: bound(120_000, "time for a request that brings a file; over it 408"),
  keepAliveMs: bound(5_000, "idle keep-alive; then the connection closes"),
  connections: bound(512, "connections per door; further ones are closed"),
  requestsPerConnection: bound(1_000, "requests per connection; then it closes"),
  streams: bound(256, "event streams of the daemon; over it 503 too_many_streams"),
  streamsPerRun: bound(64, "event streams of one run; over it 503 too_many_streams"),
  waits: bound(1_000, "held requests; over it 429 too_many_waits"),
  streamBufferBytes: bound(MiB, "bytes waiting in one stream's socket; above it the log is not read"),
  stallMs: bound(30_000, "a reader that takes nothing for this long is disconnected"),
  heartbeatMs: bound(15_000, "silence after which a stream sends a comment"),
  eventBytes: bound(256 * KiB, "one encoded event; longer text fields are cut", KiB),
  flushMs: bound(16, "time a child's output is gathered"),
  flushBytes: bound(64 * KiB, "bytes of a child's output gathered at most"),
  ringEvents: bound(10_000, "events of a stream in memory; older ones come from the store, or a gap"),
  ringBytes: bound(16 * MiB, "bytes of a stream in memory; older events come from the store, or a gap"),
  streamEvents: bound(100_000, "stored events of a stream; the oldest segments go"),
  streamBytes: bound(64 * MiB, "stored bytes of a stream; the oldest segments go"),
  feedEventsInMemory: bound(10_000, "events of the feed kept in a memory store; the oldest segments go"),
  feedMs: bound(30 * 24 * HOUR_MS, "age of events of the feed; hourly the older segments go"),
  storeBytes: bound(2 * GiB, "the store; from 90 % new runs are 507 storage_low, until below 85 %"),
  keptRuns: bound(10_000, "ended runs kept in a durable store; the oldest ended go"),
  keptRunsInMemory: bound(1_000, "ended runs kept in a memory store; the oldest ended go"),
  keptMs: bound(30 * 24 * HOUR_MS, "age of ended runs kept in a durable store"),
  concurrency: bound(8, "runs of depth 0 at once; further ones queue"),
  childConcurrency: bound(16, "runs at once in each deeper lane; further ones queue"),
  queue: bound(1_000, "queued runs; over it 429 queue_full"),
  treeDepth: bound(8, "depth of a run tree; over it 422 tree_limit"),
  treeChildren: bound(64, "active children of a run; over it 422 tree_limit"),
  inputs: bound(32, "pending inputs of a run; over it 429 input_full"),
  questionsPerRun: bound(16, "open questions of a run; over it denied no_approver"),
  questions: bound(256, "open questions of the daemon, without those on asks; over it 429 question_full"),
  questionMs: bound(600_000, "default deadline of a run's question; over it denied timed_out"),
  questionWaitMs: bound(45_000, "default time that a blocking question is held; over it denied timed_out"),
  questionWaitCapMs: bound(55_000, "longest time that a blocking question is held; a longer request is cut", 1, 600_000),
  lostReplyMs: bound(120_000, "time after its end in which a repeated question gets the recorded answer; later 410 question_closed"),
  keptQuestions: bound(10_000, "closed questions of no run that are kept; the oldest go"),
  approverGraceMs: bound(5_000, "time without an approver after which an unattended approval is denied"),
  waitMs: bound(55_000, "longest held request"),
  uncommittedEvents: bound(1_024, "uncommitted events of a run; above it emit waits"),
  uncommittedBytes: bound(4 * MiB, "uncommitted bytes of a run; above it emit waits"),
  previewBytes: bound(256 * KiB, "one growing text; beyond it previews stop until the record event"),
  previews: bound(16, "growing texts of a run; beyond it no further previews"),
  graceMs: bound(5_000, "time an executor has after an abort; over it the run is ended by force"),
  killMs: bound(2_000, "time a sweep takes at most; what is left is named as leaked"),
  shutdownMs: bound(10_000, "shutdown; over it exit 1"),
  listPage: bound(1_000, "items of a page; 0 streams all"),
  idempotencyKeys: bound(10_000, "idempotency keys kept; the oldest go"),
  idempotencyMs: bound(24 * HOUR_MS, "life of an idempotency key"),
  failedCredentials: bound(20, "failed credentials per address in 60 s; over it 429"),
  tokens: bound(1_000, "derived tokens, but those of runs and peers; what has ended goes first, over it 429 too_many_tokens"),
  loginCodes: bound(16, "login codes that can still be exchanged; over it 429 too_many_tokens"),
  peers: bound(1_100, "peers that are not retired; over it 429 too_many_peers"),
  tombstoneMs: bound(72 * HOUR_MS, "time a retired peer is remembered"),
  contactMs: bound(300_000, "time for which a call of a peer is evidence that it lives"),
  reapMs: bound(600_000, "time offline without evidence after which a peer is retired; 0 = never", 0),
  staleBusyMs: bound(1_800_000, "time without a report after which a busy peer counts as online; 0 = never", 0),
  descriptionMs: bound(900_000, "life of a peer's description; 0 = for ever", 0),
  messageQueue: bound(100, "messages waiting for one peer; over it 429 inbox_full"),
  messageQueueMs: bound(24 * HOUR_MS, "life of a waiting message; then its sender is told"),
  personQueue: bound(1_000, "messages waiting for the person; over it 429 inbox_full"),
  personQueueMs: bound(7 * 24 * HOUR_MS, "life of a message that waits for the person"),
  receiptMs: bound(750, "time for a receipt; without one a message counts as sent, unverified"),
  claimMs: bound(30_000, "lease of claimed messages; then they wait again"),
  replayWindow: bound(8, "replayed messages of a socket that wait for their receipt; further ones wait in the queue"),
  webSockets: bound(1_100, "WebSocket clients of the daemon, outside the connections of its doors; over it 503 too_many_streams"),
  unprovenSockets: bound(32, "WebSocket clients whose first frame brings the credential; over it 503 too_many_streams"),
  firstFrameMs: bound(5_000, "time for the first frame of a WebSocket; over it close 4000"),
  firstFrameBytes: bound(16 * KiB, "first frame that brings the credential; over it close 1009"),
  frameBytes: bound(MiB, "one WebSocket frame; over it close 1009"),
  frameFragments: bound(256, "fragments of one WebSocket frame; over it close 1008"),
  malformedFrames: bound(10, "malformed frames of a WebSocket; over it close 4006"),
  unsentBytes: bound(MiB, "bytes that a WebSocket client has not taken; over it close 4008"),
  pingMs: bound(30_000, "time between the pings of a WebSocket"),
  socketSilenceMs: bound(90_000, "silence of a WebSocket client; over it close 1008"),
  openAsks: bound(200, "open asks to one peer; over it 429 inbox_full"),
  askMs: bound(24 * HOUR_MS, "life of an ask that names none; then it is closed expired"),
  meshWaits: bound(256, "held waits for replies and answers; over it 429 too_many_waits"),
  replyHoldMs: bound(60_000, "time after a wait for which its reply is not pushed"),
  meshKept: bound(10_000, "closed asks, and messages, kept; the oldest go"),
  traceMs: bound(24 * HOUR_MS, "time a trace is kept after its last stage"),
  pasteBytes: bound(16 * KiB, "one text pasted into a pane; the rest is replaced by a line that says how to read it", KiB),
  linkMs: bound(8_000, "time a pane's hook has to connect; over it a link is undone 503 link_no_transport"),
  rehookPingMs: bound(2_000, "time a peer's socket has to answer; over it it is not healthy"),
  traces: bound(20_000, "traces kept; the oldest of what is over go"),
  commitOperations: bound(4_096, "operations in one commit; producers wait"),
  commitBytes: bound(8 * MiB, "bytes in one commit; producers wait"),
  attachmentBytes: bound(25 * MiB, "one attachment; over it 413 attachment_too_large", 1, 25 * MiB),
  attachmentStoreBytes: bound(GiB, "bytes of all attachments; over it 507 attachment_storage_full"),
  attachments: bound(10_000, "attachments kept at once; over it 507 attachment_storage_full"),
  attachmentMs: bound(24 * HOUR_MS, "life of an attachment that nothing open refers to"),
  socketPathBytes: bound(103, "a socket path in UTF-8; over it exit 78", 1, 107),
} as const satisfies Record<string, Bound>;

/** Every bound of the product, by name; bytes, milliseconds or counts as the name says. */
export type Limits = { readonly [Name in keyof typeof limitTable]: number };

/** The defaults. */
export const defaultLimits: Limits = Object.freeze(
  Object.fromEntries(Object.entries(limitTable).map(([name, entry]) => [name, entry.value])) as Limits,
);

/**
 * The defaults with one override laid over them; the same for every part of the product.
 * @throws `invalid_request` naming the limit, what was expected and what came
 */
export function resolveLimits(override: Partial<Limits> = {}): Limits {
  const resolved: Record<string, number> = { ...defaultLimits };
  for (const [name, value] of Object.entries(override)) {
    const entry: Bound | undefined = Object.hasOwn(limitTable, name) ? limitTable[name as keyof Limits] : undefined;
    if (!entry) throw new AnodeError("invalid_request", `limits.${name} is not a limit.`);
    if (!Number.isSafeInteger(value) || value < entry.min || value > entry.max) {
      throw new AnodeError("invalid_request", `limits.${name} must be an integer from ${entry.min} to ${entry.max}, got ${String(value)}.`);
    }
    resolved[name] = value;
  }
  return resolved as Limits;
}
