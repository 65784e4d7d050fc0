import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createTrust } from "../../lib/agent/settings/index.js";
import type { Environment } from "../../lib/node/home-folder.js";
import { isObject } from "../../lib/plain-object.js";
import { codeOf } from "../../lib/thrown.js";
import { isOurs } from "./private-path.js";
import { untrustedPart } from "./workspace-config.js";
import { type Config, configSchema, unknownKeys } from "./config-schema.js";
import type { Home } from "./home.js";

/** One place where the configuration may lie. */
export interface Candidate {
  readonly source: "environment" | "user" | "workspace";
  readonly path: string;
  /** `used`, `valid` but behind the used one, `skipped` for a reason, or `missing`. */
  readonly status: "used" | "valid" | "skipped" | "missing";
  readonly reason?: string;
}

/** The effective configuration and how it was found. */
export interface LoadedConfig {
  readonly config: Config;
  readonly candidates: readonly Candidate[];
  /** What was skipped or ignored, one sentence each. */
  readonly warnings: readonly string[];
}

/** What the search for a configuration looks at. */
export interface ConfigSurroundings {
  readonly env: Environment;
  readonly home: Home;
  readonly cwd: string;
}

const limitBytes = 1024 * 1024;

/** The first valid one of `$ANODE_CONFIG`, `<home>/config.json` and `./anode.json`; nothing is merged, nothing is thrown. */
export function loadConfig(surroundings: ConfigSurroundings): LoadedConfig {
  const { home, cwd } = surroundings;
  const found = readCandidates(surroundings);
  const used = found.find(({ config }) => config);
  const warnings = found.flatMap(({ path, reason, source, status }) => {
    if (status === "skipped") return [`${path} is skipped: ${reason}.`];
    return status === "missing" && source === "environment" ? [`${path} is skipped: there is no such file.`] : [];
  });
  const candidates = found.map(({ path, reason, source, status }) => ({ source, path, status, ...(reason !== undefined && { reason }) }));
  if (!used?.config) return { config: {}, candidates, warnings };
  const config = used.source === "workspace" && !isTrusted(home, cwd) ? untrustedPart(used.config, used.path, warnings) : used.config;
  for (const key of unknownKeys(used.config)) warnings.push(`${used.path} has the unknown key ${key}.`);
  return { config, candidates, warnings };
}

/** A candidate with what it says. */
export interface ReadCandidate extends Candidate {
  /** Present when it is valid. */
  readonly config?: Config;
  /** Variables that it names and that are not set. */
  readonly unset: readonly string[];
}

/** Reads all candidates, in their order. */
export function readCandidates({ env, home, cwd }: ConfigSurroundings): ReadCandidate[] {
  const named = env["ANODE_CONFIG"];
  const places: Pick<Candidate, "source" | "path">[] = [
    ...(named ? [{ source: "environment" as const, path: resolve(cwd, named) }] : []),
    { source: "user", path: home.config },
    { source: "workspace", path: join(cwd, "anode.json") },
  ];
  let isUsed = false;
  return places.map((place) => {
    const unset: string[] = [];
    const found = readCandidate(place.path, env, unset);
    if ("reason" in found) {
      const isMissing = found.reason === "missing";
      return { ...place, unset, status: isMissing ? "missing" : "skipped", ...(!isMissing && { reason: found.reason }) };
    }
    const status = isUsed ? "valid" : "used";
    isUsed = true;
    return { ...place, unset, status, config: found.config };
  });
}

function isTrusted(home: Home, cwd: string): boolean {
  try {
    const trust = createTrust(home.path);
    return trust.has(trust.rootOf(cwd));
  } catch {
    // A folder that is gone is nobody's workspace.
    return false;
  }
}

type Read = { readonly config: Config } | { readonly reason: string };

function readCandidate(path: string, env: Environment, unset: string[]): Read {
  const text = readText(path);
  if (typeof text !== "string") return text;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { reason: "it is not JSON" };
  }
  if (!isObject(json)) return { reason: "it is not one JSON object" };
  const parsed = configSchema.safeParse(withEnvironment(json, env, unset));
  if (parsed.success) return { config: parsed.data };
  const [issue] = parsed.error.issues;
  return { reason: `its key ${issue?.path.join(".")} is wrong: ${issue?.message}` };
}

function readText(path: string): string | { readonly reason: string } {
  let file: number;
  try {
    // Not to hang on a pipe that lies there.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = codeOf(error);
    return { reason: code === "ENOENT" || code === "ENOTDIR" ? "missing" : `it cannot be read (${code})` };
  }
  try {
    const found = fstatSync(file);
    if (!found.isFile()) return { reason: "it is not a regular file" };
    if (!isOurs(found) && found.uid !== 0) return { reason: `it belongs to user ${found.uid}` };
    if (found.mode & 0o022) return { reason: "others may write to it" };
    if (found.size > limitBytes) return { reason: "it is larger than 1 MiB" };
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    return { reason: error instanceof TypeError ? "it is not UTF-8" : `it cannot be read (${codeOf(error)})` };
  } finally {
    closeSync(file);
  }
}

/** Replaces `{env:NAME}` in every string, once; a string that names an unset variable is left out, and the name told in `unset`. */
export function withEnvironment(value: unknown, env: Environment, unset: string[] = []): unknown {
  if (typeof value === "string") return replaced(value, env, unset);
  if (Array.isArray(value)) return value.map((item) => withEnvironment(item, env, unset)).filter((item) => item !== undefined);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, withEnvironment(item, env, unset)] as const);
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
}

function replaced(text: string, env: Environment, unset: string[]): string | undefined {
  let isWhole = true;
  const result = text.replaceAll(/\{env:([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => {
    const value = env[name];
    if (value === undefined) {
      isWhole = false;
      unset.push(name);
    }
    return value ?? "";
  });
  return isWhole ? result : undefined;
}
