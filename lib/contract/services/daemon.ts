import { type Caller, hasScope } from "../../caller.js";
import { AnodeError } from "../../errors.js";
import type { ComposedMesh } from "../../mesh/composed-mesh.js";
import type { RunManager } from "../../runs/manager.js";
import type { Tokens } from "../../tokens/tokens.js";
import { version } from "../../version.js";
import { openApiDocument } from "../document.js";
import type { CallContext, Services } from "../operation.js";
import type { ValidInput } from "../schemas.js";
import { ok } from "./ok.js";

/** What a daemon adds to the operations that any manager can serve. */
export interface DaemonParts {
  readonly tokens: Tokens;
  /** Members of the status document that only the process knows: all of them, or those that are known at once. */
  status(extent: "all" | "known"): Promise<Readonly<Record<string, unknown>>>;
  /** More reasons to be degraded. */
  degraded(): readonly string[];
  /** Makes a new first-launch token. @throws `token_configured` */
  rotate(graceMs: number): Promise<void>;
  /** Where a browser finds the dashboard; `undefined` where none can reach it. */
  dashboardUrl?(): string | undefined;
}

/** Health and status; with a daemon's parts tokens and the document of the contract too. */
export function createDaemonServices(manager: RunManager, daemon?: DaemonParts, mesh?: ComposedMesh): Services {
  const startedAt = manager.host.clock.monotonic();

  async function document(context: CallContext, extent: "all" | "known"): Promise<Record<string, unknown>> {
    const stats = await manager.stats();
    const degraded = [...stats.degraded, ...(daemon?.degraded() ?? [])];
    return {
      status: statusOf(manager, degraded),
      ...(degraded.length > 0 && { degraded }),
      service: "anode-daemon",
      version,
      uptime_ms: Math.round(manager.host.clock.monotonic() - startedAt),
      active_runs: stats.active,
      queued_runs: stats.queued,
      runs: stats.runs,
      questions_open: stats.questions_open,
      readers: stats.readers,
      store: { kind: stats.store.kind, durable: manager.store.supports.durable, size_bytes: stats.store.bytes },
      diagnostics: stats.diagnostics,
      limits: manager.limits,
      ...(context.address !== undefined && { ip: context.address }),
      ...(context.userAgent !== undefined && { user_agent: context.userAgent }),
      ...(mesh && {
        mesh: {
          ...mesh.stats(),
          open_questions: stats.questions_open,
          links: mesh.links.size,
          pane_backend: mesh.panes?.kind ?? "none",
          durable: manager.store.supports.durable,
        },
      }),
      ...(await daemon?.status(extent)),
    };
  }

  const services = {
    health: async (_input: object, context: CallContext) => {
      if (hasScope(context.caller, "read")) return ok(await document(context, "known"));
      return ok({ status: statusOf(manager, [...(await manager.stats()).degraded, ...(daemon?.degraded() ?? [])]) });
    },
    status: async (_input: object, context: CallContext) => ok(await document(context, "all")),
    ready: async () => ok(await ready(manager)),
    openapi: async () => ok(openApiDocument()),
    "auth.self": async (_input: object, { caller }: CallContext) => {
      const id = tokenIdOf(caller);
      const token = id === undefined ? undefined : daemon?.tokens.get(id);
      const kind = caller.peer_id !== undefined ? "peer" : token ? "token" : caller.id === "token:root" ? "root" : "owner";
      return ok({
        kind,
        id: id ?? caller.id,
        scopes: caller.scopes,
        ...(token && { label: token.label }),
        ...(token?.expires_at !== undefined && { expires_at: token.expires_at }),
        ...(caller.run_id !== undefined && { run_id: caller.run_id }),
        ...(caller.peer_id !== undefined && { peer_id: caller.peer_id }),
      });
    },
  };
  return { ...services, ...(daemon && daemonOnly(manager, daemon)) } as unknown as Services;
}

function daemonOnly(manager: RunManager, { tokens, rotate, dashboardUrl }: DaemonParts) {
  return {
    "auth.refresh": async ({ refresh_token }: ValidInput<"auth.refresh">) => ok(await tokens.refresh(refresh_token)),
    "auth.logout": async (_: ValidInput<"auth.logout">, { caller }: CallContext) => ok(await tokens.revoke(ownTokenId(caller, tokens))),
    "auth.createCode": async ({ scopes }: ValidInput<"auth.createCode">, { caller }: CallContext) => {
      const page = dashboardUrl?.();
      if (page === undefined) throw unreachable();
      const { code, expires_at } = await tokens.createCode(scopes, caller);
      return ok({ code, url: `${page}#code=${code}`, expires_at });
    },
    "dashboard.session": async ({ code }: ValidInput<"dashboard.session">) => ok(await tokens.openSession(code)),
    "tokens.create": async (input: ValidInput<"tokens.create">, { caller }: CallContext) => {
      if (input.run_id !== undefined) await manager.get(input.run_id);
      return { status: 201, body: await tokens.create(input, caller) };
    },
    "tokens.list": async () => ok({ tokens: tokens.list() }),
    "tokens.revoke": async ({ id }: ValidInput<"tokens.revoke">) => ok(await tokens.revoke(id)),
    "auth.rotate": async ({ grace_ms = 60_000 }: ValidInput<"auth.rotate">) => {
      await rotate(grace_ms);
      return ok({ grace_ms });
    },
  };
}

function tokenIdOf({ id }: Caller): string | undefined {
  return id.startsWith("token:") ? id.slice("token:".length) : undefined;
}

/** @throws `auth_required`, `invalid_state` for a caller without a token that could be revoked */
function ownTokenId(caller: Caller, tokens: Tokens): string {
  const id = tokenIdOf(caller);
  if (id === undefined) throw new AnodeError("auth_required", "Logging out ends a token, and this call came without one.");
  if (tokens.get(id)) return id;
  throw new AnodeError("invalid_state", "The token of the daemon itself cannot be logged out.", {
    details: { hint: "`anode token rotate` replaces it." },
  });
}

function unreachable(): AnodeError {
  return new AnodeError("not_supported", "The daemon has no TCP address, and a browser cannot use its socket.", {
    details: { ability: "tcp", hint: "Start it without --no-tcp, or with a TCP address: --addr 127.0.0.1:7433." },
  });
}

function statusOf(manager: RunManager, degraded: readonly string[]): string {
  if (manager.state === "closing" || manager.state === "closed") return "stopping";
  return degraded.length > 0 ? "degraded" : "ok";
}

/** @throws `not_ready` */
async function ready(manager: RunManager): Promise<{ ready: true }> {
  const { degraded } = await manager.stats();
  const checks = [
    { name: "recovery", ok: manager.state !== "new" && manager.state !== "opening", detail: `the manager is ${manager.state}` },
    { name: "store", ok: !degraded.includes("storage_full"), detail: degraded.includes("storage_full") ? "no space" : "writable" },
    { name: "shutdown", ok: manager.state === "open", detail: manager.state === "open" ? "not begun" : "begun" },
  ];
  if (checks.every((check) => check.ok)) return { ready: true };
  throw new AnodeError("not_ready", "The daemon is not ready.", { details: { checks }, retryAfterSeconds: 1 });
}
