import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Environment, homeFolder } from "../../../lib/node/home-folder.js";
import { isObject } from "../../../lib/plain-object.js";
import { codeOf } from "../../../lib/thrown.js";

/** `hooks.approval` of the configuration, as far as it says something. */
export interface ApprovalConfig {
  /** @defaultValue true: who installed the hook wants it */
  readonly enabled?: boolean;
  /** Names or globs of the tools that are asked about. @defaultValue those of the runtime */
  readonly gatedTools?: readonly string[];
  /** Time to wait for an answer. @defaultValue 45000 */
  readonly waitMs?: number;
}

const limitBytes = 1024 * 1024;
const longestWaitMs = 600_000;

/**
 * Reads `hooks.approval` without a schema library: the hook runs before every tool call. `$ANODE_CONFIG` or the user's own
 * file counts; that of a workspace does not, for it comes with the code that is to be watched.
 * @throws Error for a file that is there and cannot be read as meant: the daemon would go on without it, a gate must not
 */
export function readApprovalConfig(env: Environment, cwd: string): ApprovalConfig {
  const named = env["ANODE_CONFIG"];
  const path = named ? resolve(cwd, named) : join(homeFolder(env), "config.json");
  const text = readOwn(path, named !== undefined && named !== "");
  if (text === undefined) return {};
  try {
    const { hooks = {} } = objectOf(JSON.parse(text), "it");
    const { approval = {} } = objectOf(hooks, "hooks");
    return toApproval(objectOf(approval, "hooks.approval"));
  } catch (error) {
    throw new Error(`${path} cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

function toApproval({ enabled, gated_tools, wait_ms }: Record<string, unknown>): ApprovalConfig {
  if (enabled !== undefined && typeof enabled !== "boolean") throw wrong("enabled", "true or false");
  const isWait = Number.isInteger(wait_ms) && (wait_ms as number) >= 1 && (wait_ms as number) <= longestWaitMs;
  if (wait_ms !== undefined && !isWait) throw wrong("wait_ms", `a whole number from 1 to ${longestWaitMs}`);
  return {
    ...(enabled !== undefined && { enabled }),
    ...(gated_tools !== undefined && { gatedTools: toGlobs(gated_tools) }),
    ...(wait_ms !== undefined && { waitMs: wait_ms as number }),
  };
}

/** A list, or one text as runtimes write their matchers: `Bash|Edit|mcp__*`. */
function toGlobs(value: unknown): string[] {
  const list: unknown[] = typeof value === "string" ? [value] : Array.isArray(value) ? value : [];
  const globs = list.flatMap((item) => (typeof item === "string" ? item.split("|") : [""]));
  if (globs.length === 0 || globs.some((glob) => glob.trim() === "")) throw wrong("gated_tools", "a list of names or globs");
  return globs;
}

function wrong(key: string, expected: string): Error {
  return new Error(`hooks.approval.${key} must be ${expected}.`);
}

function objectOf(value: unknown, name: string): Record<string, unknown> {
  if (isObject(value)) return value;
  throw new Error(`${name} must be an object.`);
}

/** The text of a file that nobody but its owner or root could have written; `undefined` when there is none. */
function readOwn(path: string, mustExist: boolean): string | undefined {
  let file: number;
  try {
    // Not to hang on a pipe that lies there.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (codeOf(error) === "ENOENT" && !mustExist) return undefined;
    throw new Error(`${path} cannot be read: ${(error as Error).message}.`, { cause: error });
  }
  try {
    const found = fstatSync(file);
    const isOurs = process.getuid === undefined || found.uid === process.getuid() || found.uid === 0;
    if (!found.isFile() || !isOurs || (found.mode & 0o022) !== 0 || found.size > limitBytes) {
      throw new Error(`${path} must be a file of at most 1 MiB that only its owner can write.`);
    }
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
  } finally {
    closeSync(file);
  }
}
