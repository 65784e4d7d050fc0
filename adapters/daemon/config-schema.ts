import { z } from "zod";
import { approval, approvalMode, budget } from "../../lib/runs/schema.js";

const count = (max: number) => z.int().min(1).max(max).exactOptional();
const texts = z.array(z.string()).exactOptional();

/** `daemon.commands.<name>`: what the operator wrote to be run. */
const command = z.looseObject({
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
});

const daemon = z.looseObject({
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
  process: z.looseObject({ argv: z.enum(["socket", "admin", "off"]).exactOptional(), shell: z.boolean().exactOptional() }).exactOptional(),
  commands: z.record(z.string(), command).exactOptional(),
  cwd_roots: texts,
  retention: z.looseObject({ keep: count(Number.MAX_SAFE_INTEGER), older_than_ms: count(Number.MAX_SAFE_INTEGER) }).exactOptional(),
  shutdown_drain_ms: z.int().min(0).max(86_400_000).exactOptional(),
  log_level: z.enum(["debug", "info", "warn", "error"]).exactOptional(),
  limits: z.record(z.string(), z.int()).exactOptional(),
});

const profile = z.looseObject({
  executor: z.union([z.string(), z.looseObject({ kind: z.string() })]).exactOptional(),
  aliases: texts,
  model: z.string().exactOptional(),
  max_turns: count(1_000),
  approval_mode: approvalMode.exactOptional(),
  tools: texts,
});

/** The keys of the configuration that the daemon reads; all others are left as they are. */
export const configSchema = z.looseObject({
  profile: z.string().exactOptional(),
  profiles: z.record(z.string(), profile).exactOptional(),
  daemon: daemon.exactOptional(),
});
/** A valid configuration. */
export type Config = z.infer<typeof configSchema>;
/** Its key `daemon`. */
export type DaemonConfig = NonNullable<Config["daemon"]>;

const otherKeys = [
  "model",
  "providers",
  "permissionPreset",
  "permissions",
  "approvalMode",
  "context",
  "tools",
  "shell",
  "web",
  "mcp",
  "plugins",
  "skills",
  "session",
  "agents",
  "mesh",
  "work",
  "hooks",
  "containers",
  "workspaces",
  "compat",
  "ui",
  "lsp",
]; // prettier-ignore

/** Keys that mean nothing here, as dotted paths: most often a slip of the pen. */
export function unknownKeys(config: Config): string[] {
  const known = new Set([...Object.keys(configSchema.shape), ...otherKeys]);
  const daemonKnown = new Set(Object.keys(daemon.shape));
  const top = Object.keys(config).filter((key) => !known.has(key));
  const inner = Object.keys(config.daemon ?? {}).filter((key) => !daemonKnown.has(key));
  return [...top, ...inner.map((key) => `daemon.${key}`)];
}
