import { execFile } from "node:child_process";
import { statSync } from "node:fs";
import { findCommand } from "./find-command.js";
import type { AgentDefinition } from "./schema.js";

/** An agent's command as it was found. */
export interface DetectedAgent {
  readonly path: string;
  /** The first line that it says of its version; absent when it says none. */
  readonly version?: string;
}

const versionMs = 5_000;
const versionBytes = 4 * 1024;
const known = new Map<string, { readonly mark: string; readonly version: Promise<string | undefined> }>();

/**
 * Looks for an agent's command and asks it for its version; nothing else of it is started. The answer is kept until the
 * file changes.
 * @returns `undefined` when it is not installed
 */
export async function detectAgent(
  { argv: [command = ""] }: AgentDefinition,
  searchPath: string | undefined,
): Promise<DetectedAgent | undefined> {
  const path = findCommand(command, searchPath);
  if (path === undefined) return undefined;
  const { mtimeMs, size } = statSync(path);
  const mark = `${mtimeMs} ${size}`;
  const before = known.get(path);
  const version = before?.mark === mark ? before.version : versionOf(path, searchPath);
  known.set(path, { mark, version });
  const text = await version;
  return { path, ...(text !== undefined && { version: text }) };
}

function versionOf(path: string, searchPath = "/usr/bin:/bin"): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { timeout: versionMs, killSignal: "SIGKILL", maxBuffer: versionBytes, env: { PATH: searchPath }, cwd: "/" } as const;
    const child = execFile(path, ["--version"], options, (error, stdout) =>
      resolve(error ? undefined : stdout.trim().split("\n")[0] || undefined),
    );
    child.stdin?.end();
  });
}
