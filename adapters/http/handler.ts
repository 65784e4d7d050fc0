import { hasScope, type Caller } from "../../lib/caller.js";
import type { CallContext, Operation, Result } from "../../lib/contract/operation.js";
import { AnodeError, isAnodeError } from "../../lib/errors.js";
import type { Host } from "../../lib/host.js";
import type { Redact } from "../../lib/index.js";
import { resolveLimits, type Limits } from "../../lib/limits.js";
import type { Call, Handle, Reply } from "./call.js";
import { corsHeaders, isPreflight, preflightReply } from "./cors.js";
import { fileBodyOf } from "./file-body.js";
import { checkFraming, checkLength } from "./gate/body-framing.js";
import { anonymous, counted, identify, ownerOfDoor, type Authenticate } from "./gate/caller.js";
import { checkConnection } from "./gate/connection.js";
import { checkJsonType } from "./gate/content-type.js";
import { readJsonBody } from "./gate/json-body.js";
import { createLimiter } from "./gate/limiter.js";
import { announcesBody, joined, readHeaders, type HeaderMap } from "./headers.js";
import { idempotencyKeyOf, toInput } from "./input.js";
import type { PublicFiles } from "./public-files.js";
import { toProblemReply } from "./problem.js";
import { securityHeaders, toReply } from "./reply.js";
import { createRouter, type Route, type Router } from "./router.js";
import type { Sockets } from "./sockets.js";
import { checkSocket, checkUpgrade } from "./upgrade.js";

/** Validates, authorises and runs one operation; the contract's `perform`, bound to its services. */
export type Perform = (operation: Operation, input: Record<string, unknown>, context: CallContext) => Promise<Result>;

/** What a handler is made of. */
export interface HandlerOptions {
  readonly perform: Perform;
  readonly operations: readonly Operation[];
  /** `Host` values, with port, that every TCP-like door answers to, beside the door's own. */
  readonly hosts: readonly string[];
  /** Foreign origins whose pages may call, as `https://app.example`. @defaultValue none */
  readonly origins?: readonly string[];
  /** Who calls. Without it the owner of a Unix socket or of the process, and nobody on TCP-like doors. */
  readonly authenticate?: Authenticate;
  /** What serves WebSockets. @defaultValue none are served */
  readonly sockets?: Sockets;
  /** Files that anybody may read: the pages of the dashboard. @defaultValue none are served */
  readonly files?: PublicFiles;
  readonly limits?: Partial<Limits>;
  /** Takes secrets out of what a refusal says. @defaultValue nothing is changed */
  readonly redact?: Redact;
  readonly host: Host;
}

/** What is known of a call so far; for its log line and for the headers of a refusal. */
interface Trail {
  readonly requestId: string;
  origin?: string;
  route?: string;
  code?: string;
}

/** The HTTP face: one function from calls to replies, the gate in front of every operation. */
export function createContractHandler(options: HandlerOptions): Handle {
  const { host, authenticate = ownerOfDoor } = options;
  const limits = resolveLimits(options.limits);
  const rules = { hosts: options.hosts.map((name) => name.toLowerCase()), origins: options.origins ?? [], limits };
  const limiter = createLimiter(host.clock, limits.failedCredentials);
  const router = createRouter(options.operations);
  const requestIds = numbered(`q-${host.clock.now().toString(36)}-`);

  async function answer(call: Call, trail: Trail): Promise<Reply> {
    const headers = readHeaders(call.rawHeaders);
    const { target, origin } = checkConnection(call, headers, rules);
    if (origin !== undefined) {
      trail.origin = origin;
      if (isPreflight(call, headers)) return preflightReply;
    }
    const caller = await identify(call, headers, authenticate, limiter);
    const route = router.find(call.method, target.path);
    const mayComeLater = call.upgrade && options.sockets?.firstFrameAuth && target.path === options.sockets.path;
    const files = route || call.upgrade || !options.files?.has(target.path) ? undefined : options.files;
    if (!caller && route?.operation.scope !== "none" && !mayComeLater && !files)
      throw new AnodeError("auth_required", "This server needs a credential: Authorization: Bearer <token>.");
    if (call.upgrade) return upgrade(call, headers, caller, target.path, trail);
    if (files) return fileReply(files, call, headers, target.path, trail);
    const { operation, parameters } = admit(route, caller, router, target.path);
    trail.route = operation.path;
    checkFraming(headers);
    const context = toContext(call, headers, caller ?? anonymous, trail.requestId);
    const isFile = operation.body === "bytes" || operation.body === "multipart";
    if (isFile) context.body = fileBodyOf(call, headers, operation, limits.uploadMs);
    const body = operation.body === "json" ? await jsonBody(call, headers, operation, limits) : {};
    const input = toInput({ operation, parameters }, target.query, body);
    let result: Result;
    try {
      result = await options.perform(operation, input, context);
    } catch (error) {
      // An open operation is given its credential in the body.
      throw operation.scope === "none" ? counted(error, call, limiter) : error;
    }
    const reply = toReply(result, call.method === "HEAD");
    return announcesBody(headers) && operation.body === "none" ? { ...reply, close: true } : reply;
  }

  /** Stages 7 and 8 of a call for a file. Its path may have operations for other methods. */
  async function fileReply(files: PublicFiles, call: Call, headers: HeaderMap, path: string, trail: Trail): Promise<Reply> {
    trail.route = files.route;
    const operations = router.allowed(path);
    if ((call.method !== "GET" && call.method !== "HEAD") || operations.length > 0) {
      const allow = operations.length > 0 ? operations : ["GET", "HEAD"];
      throw new AnodeError("method_not_allowed", `This path takes ${allow.join(", ")}.`, { details: { allow } });
    }
    checkFraming(headers);
    const reply = await files.get(path);
    return announcesBody(headers) ? { ...reply, close: true } : reply;
  }

  /** Stage 7 of a call that leaves HTTP. */
  function upgrade(call: Call, headers: HeaderMap, caller: Caller | undefined, path: string, trail: Trail): Reply {
    checkUpgrade(call, headers);
    const sockets = checkSocket(options.sockets, path, headers, caller);
    trail.route = sockets.path;
    const { requestId } = trail;
    const takeOver = sockets.open({
      call,
      ...(caller && { caller }),
      perform: options.perform,
      requestId,
      async prove(token) {
        const later = withToken(call, token);
        const proven = await identify(later, readHeaders(later.rawHeaders), authenticate, limiter);
        if (!proven) throw new AnodeError("auth_invalid", "Nobody is known by this credential.", { details: { reason: "unknown" } });
        return { caller: proven, signal: later.signal };
      },
    });
    return { status: 101, headers: {}, takeOver };
  }

  return async function handle(call) {
    const trail: Trail = { requestId: requestIds() };
    const startedAt = host.clock.monotonic();
    let reply: Reply;
    try {
      reply = await answer(call, trail);
    } catch (error) {
      trail.code = isAnodeError(error) ? error.code : "internal";
      reply = toProblemReply(error, trail.requestId, host, options.redact);
    }
    host.log("debug", "http.request", {
      request_id: trail.requestId,
      method: call.method,
      route: trail.route,
      status: reply.status,
      code: trail.code,
      duration_ms: host.clock.monotonic() - startedAt,
    });
    return {
      ...reply,
      // The reply's own win, and come first: a browser takes a head that was cut for a whole one, if it has the content type.
      headers: { ...reply.headers, ...securityHeaders, ...(trail.origin === undefined ? {} : corsHeaders(trail.origin)), ...reply.headers },
    };
  };
}

/** The same call with a credential that came after its head. What is a getter of the call stays one: it is asked about this one. */
function withToken(call: Call, token: string): Call {
  const rawHeaders = { value: [...call.rawHeaders, "Authorization", `Bearer ${token}`], enumerable: true };
  return Object.create(call, { rawHeaders }) as Call;
}

/** Stage 7: route, method, scope. */
function admit(route: Route | undefined, caller: Caller | undefined, router: Router, path: string): Route {
  if (!route) {
    const allow = router.allowed(path);
    if (allow.length === 0) throw new AnodeError("not_found", "There is no such path.");
    throw new AnodeError("method_not_allowed", `This path takes ${allow.join(", ")}.`, { details: { allow } });
  }
  const { scope } = route.operation;
  if (scope !== "none" && scope !== "any" && !(caller && hasScope(caller, scope))) {
    throw new AnodeError("scope_required", `This operation needs the scope ${scope}.`, { details: { scope } });
  }
  return route;
}

/** Stages 9 to 12. */
function jsonBody(call: Call, headers: HeaderMap, operation: Operation, limits: Limits): Promise<Record<string, unknown>> {
  const bytes = Math.min(operation.limit_bytes, limits.bodyBytes);
  checkJsonType(headers);
  checkLength(headers, bytes);
  return readJsonBody(call.body(), { bytes, depth: limits.bodyDepth, tokens: limits.bodyTokens });
}

type Draft<T> = { -readonly [Name in keyof T]: T[Name] };

function toContext(call: Call, headers: HeaderMap, caller: Caller, requestId: string): Draft<CallContext> {
  const context: Draft<CallContext> = { caller, signal: call.signal, requestId };
  const accept = joined(headers, "accept");
  const lastEventId = joined(headers, "last-event-id");
  const idempotencyKey = idempotencyKeyOf(headers);
  const userAgent = joined(headers, "user-agent");
  if (accept !== undefined) context.accept = accept;
  if (lastEventId !== undefined) context.lastEventId = lastEventId;
  if (idempotencyKey !== undefined) context.idempotencyKey = idempotencyKey;
  if (userAgent !== undefined) context.userAgent = userAgent.slice(0, 256);
  if (call.address !== undefined) context.address = call.address;
  return context;
}

function numbered(prefix: string): () => string {
  let count = 0;
  return () => prefix + (++count).toString(36);
}
