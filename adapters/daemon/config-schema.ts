import * as z from "zod";
import { later } from "../../lib/later.js";
import { agentConfig } from "../../lib/agent/settings/index.js";
import { approval, approvalMode, budget } from "../../lib/runs/schema.js";

const count = (max: number) => z.int().min(1).max(max).exactOptional();
const texts = later(() => z.array(z.string()).exactOptional());

/** `daemon.commands.<name>`: what the operator wrote to be run. */
const command = later(() =>
  z.looseObject({
    argv: z.array(z.string()).min(1),
    prompt_via: z.enum(["stdin", "arg", "none"]).exactOptional(),
    cwd: z.string().exactOptional(),
    env: z.record(z.string(), z.string()).exactOptional(),
    env_pass: texts,
    success_exit_codes: z.array(z.int().min(0).max(255)).exactOptional(),
    pty: z.boolean().exactOptional(),
    input: z.boolean().exactOptional(),
    output: z.enum(["lines", "events"]).exactOptional(),
    timeout_ms: count(Number.MAX_SAFE_INTEGER),
  }),
);

const daemon = later(() =>
  z.looseObject({
    addr: texts,
    port: z.int().min(0).max(65_535).exactOptional(),
    auth_token: z.string().exactOptional(),
    allowed_hosts: texts,
    allowed_origins: texts,
    approve_requires_token: z.boolean().exactOptional(),
    store: z.string().exactOptional(),
    concurrency: count(10_000),
    child_concurrency: count(10_000),
    key_concurrency: count(10_000),
    queue_limit: count(1_000_000),
    approval_ceiling: z.looseObject({ admin: approvalMode, other: approvalMode }).exactOptional(),
    approval: approval.exactOptional(),
    budget: budget.exactOptional(),
    process: z
      .looseObject({ argv: z.enum(["socket", "admin", "off"]).exactOptional(), shell: z.boolean().exactOptional() })
      .exactOptional(),
    commands: z.record(z.string(), command).exactOptional(),
    cwd_roots: texts,
    retention: z.looseObject({ keep: count(Number.MAX_SAFE_INTEGER), older_than_ms: count(Number.MAX_SAFE_INTEGER) }).exactOptional(),
    shutdown_drain_ms: z.int().min(0).max(86_400_000).exactOptional(),
    log_level: z.enum(["debug", "info", "warn", "error"]).exactOptional(),
    limits: z.record(z.string(), z.int()).exactOptional(),
  }),
);

/** `mesh`: each but the last sets the limit of the same meaning. */
const mesh = later(() =>
  z.looseObject({
    queue_max: count(100_000),
    queue_ttl_ms: count(Number.MAX_SAFE_INTEGER),
    contact_ttl_ms: count(Number.MAX_SAFE_INTEGER),
    reap_ms: z.int().min(0).exactOptional(),
    stale_busy_ms: z.int().min(0).exactOptional(),
    description_ttl_ms: z.int().min(0).exactOptional(),
    question_wait_cap_ms: z.int().min(1_000).max(600_000).exactOptional(),
    ws_first_frame_auth: z.boolean().exactOptional(),
  }),
);

/** `hooks.approval`: what `anode hook pretooluse` asks about; it reads this by itself. */
const approvalHook = later(() =>
  z.looseObject({
    enabled: z.boolean().exactOptional(),
    gated_tools: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).exactOptional(),
    wait_ms: count(600_000),
  }),
);

/** What is named here and read elsewhere: each part checks its own when it is made. */
const elsewhere = later(() => z.unknown().exactOptional());

/** Every key of the configuration. What it does not know is left as it is. */
export const configSchema = later(() =>
  z.looseObject({
    ...agentConfig.shape,
    /** Definitions of foreign agents. */
    agents: z.record(z.string(), z.looseObject({})).exactOptional(),
    daemon: daemon.exactOptional(),
    mesh: mesh.exactOptional(),
    work: elsewhere,
    hooks: z.looseObject({ approval: approvalHook.exactOptional() }).exactOptional(),
    containers: elsewhere,
    workspaces: elsewhere,
    compat: elsewhere,
    /** Accepted and not used. */
    ui: elsewhere,
    lsp: elsewhere,
  }),
);
/** A valid configuration. */
export type Config = z.infer<typeof configSchema>;
/** Its key `daemon`. */
export type DaemonConfig = NonNullable<Config["daemon"]>;

/** Keys that mean nothing here, as dotted paths: most often a slip of the pen. */
export function unknownKeys(config: unknown, schema: z.core.$ZodType = configSchema, path = ""): string[] {
  const inner = unwrapped(schema);
  const at = (key: string): string => (path === "" ? key : `${path}.${key}`);
  if (Array.isArray(config)) {
    return inner instanceof z.ZodArray ? config.flatMap((item, index) => unknownKeys(item, inner.element, at(String(index)))) : [];
  }
  if (typeof config !== "object" || config === null) return [];
  const entries = Object.entries(config);
  if (inner instanceof z.ZodRecord) return entries.flatMap(([key, value]) => unknownKeys(value, inner.valueType, at(key)));
  if (!(inner instanceof z.ZodObject)) return [];
  const shape = inner.shape as Readonly<Record<string, z.core.$ZodType>>;
  // An object without known keys is one whose keys are known elsewhere.
  if (Object.keys(shape).length === 0) return [];
  return entries.flatMap(([key, value]) => {
    const known = Object.hasOwn(shape, key) ? shape[key] : undefined;
    return known ? unknownKeys(value, known, at(key)) : [at(key)];
  });
}

function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodExactOptional ? unwrapped(schema.unwrap()) : schema;
}
