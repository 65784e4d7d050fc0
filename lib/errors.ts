/**
 * The one error of every face and the catalogue of its codes.
 * @packageDocumentation
 */

/** What the catalogue says of a code. */
export interface CodeEntry {
  /** HTTP status; absent for codes that never cross the wire. */
  readonly status?: number;
  /** Exit status of the command line. */
  readonly exit: number;
  /** What the code means, in a few words. */
  readonly text: string;
  /** Other statuses the code may carry, where the place decides (path or body). */
  readonly alternatives?: readonly number[];
}

/** The catalogue: every code of every face, with its statuses and its meaning. A code never changes its meaning. */
export const errorCatalogue = {
  // Gate, wire, server
  malformed_request: {
    status: 400,
    exit: 2,
    text: "not valid HTTP/1.1: line, header, chunk, transfer coding, upgrade; the connection closes",
  },
  invalid_target: { status: 400, exit: 2, text: "request target is not a plain origin-form path" },
  token_in_url: { status: 400, exit: 2, text: "a credential in a query" },
  invalid_json: { status: 400, exit: 2, text: "not one JSON object; trailing data; encoding, depth or structure limit" },
  invalid_request: { status: 400, exit: 2, text: "the shape of the request is wrong; issues[] names each field" },
  invalid_cursor: { status: 400, exit: 2, text: "not a cursor of this list, log or stream" },
  cursor_ahead: { status: 400, exit: 2, text: "beyond the newest event" },
  host_not_allowed: { status: 421, exit: 6, text: "Host is none of ours with our port" },
  origin_not_allowed: { status: 403, exit: 6, text: "Origin or fetch metadata of a foreign page" },
  not_found: { status: 404, exit: 4, text: "no such route" },
  method_not_allowed: { status: 405, exit: 1, text: "route exists, method does not (Allow)" },
  not_acceptable: { status: 406, exit: 1, text: "no representation for Accept" },
  request_timeout: { status: 408, exit: 1, text: "header or body came too slowly" },
  body_too_large: { status: 413, exit: 1, text: "over the body limit" },
  target_too_long: { status: 414, exit: 1, text: "URL over 8 KiB" },
  unsupported_media_type: { status: 415, exit: 1, text: "content type or coding (Accept)" },
  expectation_failed: { status: 417, exit: 1, text: "an Expect other than 100-continue" },
  upgrade_required: { status: 426, exit: 1, text: "wrong WebSocket version or upgrade" },
  headers_too_large: { status: 431, exit: 1, text: "header block or number of headers over the limit" },
  http_version: { status: 505, exit: 1, text: "not HTTP/1.1" },
  idempotency_in_flight: { status: 409, exit: 8, text: "the same key is being worked on" },
  idempotency_mismatch: { status: 422, exit: 2, text: "the same key with another body" },
  too_many_streams: { status: 503, exit: 8, text: "readers of a run, of a log, of the daemon, or WebSocket clients at their limit" },
  too_many_peers: { status: 429, exit: 8, text: "peers at their limit" },
  too_many_waits: { status: 429, exit: 8, text: "held requests at their limit" },
  storage_low: { status: 507, exit: 8, text: "above 90 % of the store: no new runs" },
  storage_full: {
    status: 507,
    exit: 8,
    text: "no space; reads and streams go on, no call waits for it; what has happened all the same (a cancel, a reply, an answer) answers this and is kept when space returns",
  },
  store_failed: { status: 500, exit: 1, text: "the store is lost; the daemon ends with 74" },
  shutting_down: { status: 503, exit: 8, text: "shutdown has begun" },
  not_ready: { status: 503, exit: 8, text: "GET /ready before recovery is over or without a writable store" },
  not_supported: { status: 501, exit: 1, text: "an optional ability is absent: the PTY package, a member a plug point does not declare" },
  internal: { status: 500, exit: 1, text: "our defect; details in the log only" },
  // Callers, scopes, ceilings
  auth_required: { status: 401, exit: 6, text: "no credential, and this door needs one" },
  auth_invalid: { status: 401, exit: 6, text: "a credential that does not hold" },
  too_many_failures: { status: 429, exit: 8, text: "a failed credential above the limit; never a valid one" },
  too_many_tokens: { status: 429, exit: 8, text: "derived tokens or login codes at their limit" },
  scope_required: { status: 403, exit: 6, text: "the caller lacks a scope" },
  caller_is_a_run: {
    status: 403,
    exit: 6,
    text: "a token-less TCP caller inside a run, or one whose process cannot be found, uses an approve or admin power (mode above auto, argv, prune among them) or answers a question",
  },
  self_approval: {
    status: 403,
    exit: 6,
    text: "the caller's token is bound to, or below, the run or peer that asks; or the header Anode-Run blocks answers",
  },
  above_ceiling: { status: 403, exit: 6, text: "approval mode above the caller's or parent's bound" },
  argv_not_allowed: { status: 403, exit: 6, text: "free commands are off, or off for this caller" },
  cwd_not_allowed: { status: 403, exit: 6, text: "folder outside the allowed roots" },
  policy_denied: { status: 403, exit: 6, text: "the operator's policy forbids it (mounts, privileges, roots, reset)" },
  container_not_managed: { status: 403, exit: 6, text: "the container is not ours" },
  token_configured: { status: 409, exit: 8, text: "the token comes from the configuration" },
  // Runs
  run_not_found: { status: 404, exit: 4, text: "unknown, or removed by retention" },
  input_not_found: { status: 404, exit: 4, text: "unknown, or removed by retention" },
  parent_not_found: { status: 404, exit: 4, text: "parent_id names no run" },
  run_finished: { status: 409, exit: 8, text: "the run has ended otherwise, or takes no more input" },
  parent_finished: { status: 409, exit: 8, text: "the parent has ended" },
  input_delivered: { status: 409, exit: 8, text: "too late to withdraw" },
  session_busy: {
    status: 409,
    exit: 8,
    text: "the thread has an active run, here or in another process; also the error_code of a queued run that finds it locked",
  },
  session_not_found: { status: 404, exit: 4, text: "unknown thread or agent session", alternatives: [422] },
  agent_not_installed: { status: 409, exit: 8, text: "the agent's command was not found" },
  containment_unavailable: { status: 409, exit: 8, text: "the demanded level is not to be had" },
  queue_full: { status: 429, exit: 8, text: "1,000 queued runs" },
  input_full: { status: 429, exit: 8, text: "32 pending inputs" },
  unknown_profile: { status: 422, exit: 2, text: "not defined" },
  unknown_provider: { status: 422, exit: 2, text: "not defined" },
  unknown_command: { status: 422, exit: 2, text: "not defined" },
  model_unavailable: { status: 422, exit: 2, text: "no usable provider; hint names the variables" },
  unsupported_option: { status: 422, exit: 2, text: "the executor or agent cannot do it; never for approval_mode" },
  budget_unsupported: { status: 422, exit: 2, text: "a budget nobody can measure" },
  cwd_not_found: { status: 422, exit: 2, text: "no such folder" },
  tree_limit: { status: 422, exit: 2, text: "depth or number of children" },
  executor_unavailable: { status: 503, exit: 8, text: "the executor's package is missing; last in validation order" },
  // Questions
  question_not_found: { status: 404, exit: 4, text: "unknown" },
  question_closed: { status: 410, exit: 4, text: "it has ended; the answer has no effect" },
  question_changed: { status: 409, exit: 8, text: "digest of another question" },
  not_a_question: { status: 409, exit: 8, text: "an ask without a question" },
  correlation_conflict: { status: 409, exit: 8, text: "the id is taken by other content or another caller" },
  invalid_option: { status: 422, exit: 2, text: "not a listed option" },
  invalid_answer: { status: 422, exit: 2, text: "not an answer of this kind" },
  default_not_denying: { status: 422, exit: 2, text: "a permission's default may only deny" },
  question_full: { status: 429, exit: 8, text: "open questions at their limit; treat as a denial" },
  // Mesh
  invalid_pane_id: { status: 400, exit: 2, text: "not %<digits>" },
  sender_mismatch: { status: 403, exit: 6, text: "another peer's name as sender" },
  identity_unproven: { status: 403, exit: 6, text: "another peer's id without its proof" },
  circle_forbidden: { status: 403, exit: 6, text: "circles differ" },
  role_forbidden: { status: 403, exit: 6, text: "role needs admin" },
  not_the_recipient: { status: 403, exit: 6, text: "the ask belongs to others" },
  not_the_asker: { status: 403, exit: 6, text: "the ask belongs to others" },
  peer_not_found: { status: 404, exit: 4, text: "unknown, or no longer kept" },
  sender_not_found: { status: 404, exit: 4, text: "unknown, or no longer kept" },
  ask_not_found: { status: 404, exit: 4, text: "unknown, or no longer kept" },
  trace_not_found: { status: 404, exit: 4, text: "unknown, or no longer kept" },
  message_not_found: { status: 404, exit: 4, text: "unknown, or no longer kept" },
  pane_not_found: { status: 404, exit: 4, text: "unknown, or no longer kept" },
  attachment_not_found: { status: 404, exit: 4, text: "unknown, or not visible to the sender", alternatives: [422] },
  ambiguous_peer: { status: 409, exit: 8, text: "several peers bear the name" },
  name_taken: { status: 409, exit: 8, text: "peer or program name in use" },
  pane_held: { status: 409, exit: 8, text: "another peer has the pane" },
  pane_already_linked: { status: 409, exit: 8, text: "another peer has the pane" },
  pane_unproven: { status: 409, exit: 8, text: "rehook, kill or restart lacks its ground" },
  missing_pane: { status: 409, exit: 8, text: "rehook, kill or restart lacks its ground" },
  cross_host: { status: 409, exit: 8, text: "rehook, kill or restart lacks its ground" },
  backend_has_no_hook: { status: 409, exit: 8, text: "rehook, kill or restart lacks its ground" },
  peer_retired: { status: 410, exit: 4, text: "a retired id as target; as registration", alternatives: [409] },
  run_takes_no_input: { status: 409, exit: 8, text: "the peer's run cannot receive messages" },
  claim_expired: { status: 409, exit: 8, text: "lease over" },
  attachment_in_use: { status: 409, exit: 8, text: "still referred to" },
  asks_open: { status: 409, exit: 8, text: "open asks in either direction" },
  ask_closed: { status: 410, exit: 4, text: "a reply to a closed ask" },
  attachment_expired: { status: 410, exit: 4, text: "the bytes are gone" },
  attachment_too_large: { status: 413, exit: 1, text: "over 25 MiB" },
  unknown_agent: { status: 422, exit: 2, text: "no such agent definition" },
  inbox_full: { status: 429, exit: 8, text: "the recipient's queue or open asks" },
  link_rollback_failed: { status: 500, exit: 1, text: "link failed and could not be undone yet" },
  no_live_transport: { status: 503, exit: 8, text: "no channel to the peer" },
  injection_failed: { status: 503, exit: 8, text: "the pane or socket did not take it" },
  link_hook_failed: { status: 503, exit: 8, text: "link undone" },
  link_no_transport: { status: 503, exit: 8, text: "link undone" },
  pane_backend_unavailable: { status: 503, exit: 8, text: "no tmux" },
  attachment_storage_full: { status: 507, exit: 8, text: "1 GiB of attachments" },
  // Work
  fire_at_or_cron: { status: 400, exit: 2, text: "exactly one" },
  due_and_cron: { status: 400, exit: 2, text: "at most one" },
  in_the_past: { status: 400, exit: 2, text: "fire_at more than 60 s ago" },
  invalid_cron: { status: 400, exit: 2, text: "the pattern or zone" },
  cron_never_matches: { status: 400, exit: 2, text: "the pattern or zone" },
  unknown_time_zone: { status: 400, exit: 2, text: "the pattern or zone" },
  attempt_required: { status: 400, exit: 2, text: "a peer must name its attempt" },
  invalid_view: { status: 400, exit: 2, text: "unknown view" },
  job_not_found: { status: 404, exit: 4, text: "unknown, or no longer kept" },
  schedule_not_found: { status: 404, exit: 4, text: "unknown, or no longer kept" },
  assigned_peer_not_found: { status: 404, exit: 4, text: "unknown, or no longer kept" },
  stale_attempt: { status: 409, exit: 8, text: "the attempt was superseded (fencing)" },
  state_owned_by_run: { status: 409, exit: 8, text: "the run decides the state" },
  not_runnable: { status: 409, exit: 8, text: "not in this state" },
  cancel_pending: { status: 409, exit: 8, text: "not in this state" },
  job_finished: { status: 409, exit: 8, text: "not in this state" },
  job_not_finished: { status: 409, exit: 8, text: "not in this state" },
  not_a_template: { status: 409, exit: 8, text: "templates only" },
  template_canceled: { status: 409, exit: 8, text: "it is canceled" },
  unknown_backend: { status: 422, exit: 2, text: "no such backend" },
  scope_conflict: { status: 422, exit: 2, text: "fields that contradict process_scope or continuity" },
  too_many_jobs: { status: 429, exit: 8, text: "limits of the document" },
  too_many_schedules: { status: 429, exit: 8, text: "limits of the document" },
  // Host
  dependency_cycle: { status: 400, exit: 2, text: "the path is in detail" },
  unknown_dependency: { status: 400, exit: 2, text: "the path is in detail" },
  user_not_permitted: { status: 400, exit: 2, text: "another account needs a root daemon" },
  not_a_repository: { status: 400, exit: 2, text: "no git repository" },
  pattern_too_slow: { status: 400, exit: 2, text: "a regex over its time" },
  program_not_found: { status: 404, exit: 4, text: "unknown, or no longer kept" },
  agent_not_found: { status: 404, exit: 4, text: "unknown, or no longer kept" },
  container_not_found: { status: 404, exit: 4, text: "unknown, or no longer kept" },
  image_not_found: { status: 404, exit: 4, text: "unknown, or no longer kept" },
  workspace_not_found: { status: 404, exit: 4, text: "unknown, or no longer kept" },
  source_not_found: { status: 404, exit: 4, text: "unknown, or no longer kept" },
  gone: { status: 410, exit: 4, text: "an ephemeral program that ended" },
  program_disabled: { status: 409, exit: 8, text: "not in this state" },
  not_running: { status: 409, exit: 8, text: "not in this state" },
  stdin_closed: { status: 409, exit: 8, text: "not in this state" },
  no_terminal: { status: 409, exit: 8, text: "not in this state" },
  container_running: { status: 409, exit: 8, text: "not in this state" },
  invalid_state: { status: 409, exit: 8, text: "not in this state" },
  has_dependents: { status: 409, exit: 8, text: "others name it" },
  port_conflict: { status: 409, exit: 8, text: "detail names them" },
  workspace_exists: { status: 409, exit: 8, text: "root registered" },
  branch_checked_out: { status: 409, exit: 8, text: "branch in another worktree" },
  workspace_busy: { status: 409, exit: 8, text: "live work in it" },
  workspace_dirty: { status: 409, exit: 8, text: "changed or untracked files" },
  revision_mismatch: { status: 412, exit: 8, text: "If-Match names another revision" },
  stdin_full: { status: 429, exit: 8, text: "1 MiB unread" },
  too_many_programs: { status: 429, exit: 8, text: "1,000 live" },
  spawn_failed: { status: 500, exit: 1, text: "a program that the daemon itself needs did not start" },
  engine_error: { status: 500, exit: 1, text: "the container engine refused" },
  engine_unavailable: { status: 503, exit: 8, text: "no engine answers" },
  engine_unsupported: { status: 503, exit: 8, text: "its API is too old" },
  // Without a status
  connection_refused: { exit: 3, text: "client: no daemon answers" },
  connection_lost: { exit: 3, text: "client: lost beyond the retries" },
  protocol_error: { exit: 3, text: "client: an answer that is not ours" },
  timeout: { exit: 7, text: "client: the caller's time limit passed" },
  aborted: { exit: 130, text: "client: the caller's signal fired" },
  not_open: { exit: 1, text: "a manager before open()" },
  stale_commit: { exit: 1, text: "a commit whose expected seq or revision has been overtaken; nothing was written" },
  reserved_event_type: { exit: 1, text: "an executor emits a type of the manager" },
  store_unsafe_version: { exit: 78, text: "this SQLite can lose committed transactions" },
  canceled: { exit: 5, text: "abort reason: a caller canceled the run" },
  parent_ended: { exit: 5, text: "abort reason: the parent run ended" },
  budget_exceeded: { exit: 1, text: "abort reason: a budget is used up" },
  // Of a run
  exit_nonzero: { exit: 1, text: "the process left with a code outside its success codes" },
  killed: { exit: 1, text: "the process was ended by a signal we did not send" },
  max_turns: { exit: 1, text: "the turn limit was reached" },
  refusal: { exit: 1, text: "the model refused" },
  executor_error: { exit: 1, text: "the executor failed" },
  model_error: { exit: 1, text: "the model failed" },
  model_auth: { exit: 1, text: "the provider refused the key" },
  context_overflow: { exit: 1, text: "the conversation no longer fits the model" },
  invalid_tool_calls: { exit: 1, text: "the model kept sending unusable tool calls" },
  agent_exited: { exit: 1, text: "the agent's process ended in the middle of the run" },
  agent_canceled: { exit: 1, text: "the agent says it was canceled, not by us" },
  prompt_rejected: { exit: 1, text: "a hook rejected the prompt" },
  mcp_failed: { exit: 1, text: "a required MCP server failed" },
  daemon_shutdown: { exit: 9, text: "the daemon shut down in order" },
  daemon_restart: { exit: 9, text: "the daemon or its host had died" },
  container_missing: { exit: 9, text: "the container is gone" },
} as const satisfies Record<string, CodeEntry>;

/** A code of the catalogue. */
export type ErrorCode = keyof typeof errorCatalogue;

/** What the catalogue says of a code. */
export function entryOf(code: ErrorCode): CodeEntry {
  return errorCatalogue[code];
}

/** One thing wrong with the shape of a request. */
export interface Issue {
  /** Dotted path of the field; `""` is the document itself. */
  readonly path: string;
  readonly code: "required" | "blank" | "type" | "range" | "format" | "length" | "unknown_field" | "conflict";
  readonly message: string;
}

/** What an {@link AnodeError} may be made with beside code and message. */
export interface AnodeErrorOptions {
  /** Overrides the catalogue's status, where a code has more than one. */
  readonly status?: number;
  /** The other members of the problem document (`issues`, `ceiling`, `hint`, …). */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
  /** Seconds a client should wait; sent as `Retry-After`. */
  readonly retryAfterSeconds?: number;
}

const brand = Symbol.for("anode-daemon.error");
const retryableStatuses = new Set([408, 429, 502, 503, 504]);
const neverRetryable = new Set<string>(["executor_unavailable", "engine_unsupported"]);
const lostConnections = new Set<string>(["connection_refused", "connection_lost"]);

/** The error of every method and every face. Switch on `code`; `message` is one sentence for people. */
export class AnodeError extends Error {
  readonly [brand] = true;
  readonly code: ErrorCode;
  readonly status?: number;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds?: number;

  constructor(code: ErrorCode, message: string, options: AnodeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AnodeError";
    this.code = code;
    const status = options.status ?? entryOf(code).status;
    if (status !== undefined) this.status = status;
    if (options.details) this.details = options.details;
    if (options.retryAfterSeconds !== undefined) this.retryAfterSeconds = options.retryAfterSeconds;
  }

  /** True when the same call may succeed later: 408, 429, 502, 503, 504 and lost connections. */
  get retryable(): boolean {
    if (neverRetryable.has(this.code)) return false;
    return lostConnections.has(this.code) || (this.status !== undefined && retryableStatuses.has(this.status));
  }
}

/** True for an {@link AnodeError} of any copy of this package. */
export function isAnodeError(value: unknown): value is AnodeError {
  return typeof value === "object" && value !== null && brand in value;
}

/** True when `text` is a code of the catalogue. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorCatalogue, text);
}

/** 400 `invalid_request` with its issues, at most ten of them. */
export function invalidRequest(issues: readonly Issue[]): AnodeError {
  const first = issues[0];
  const detail = first ? `${first.path || "The request"} ${first.message}.` : "The request is not valid.";
  return new AnodeError("invalid_request", detail, { details: { issues: issues.slice(0, 10) } });
}
