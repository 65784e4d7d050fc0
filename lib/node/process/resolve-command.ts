import { accessSync, constants, statSync } from "node:fs";
import { resolve } from "node:path";
import { AnodeError } from "../../errors.js";
import { codeOf } from "../../thrown.js";

/**
 * Finds the file a command means, as the kernel would, before anything is started: inside a namespace or cgroup a wrong
 * name would look like an exit of the command itself.
 * @throws `spawn_failed` with `errno` in its details
 */
export function resolveCommand(command: string, cwd: string, searchPath: string | undefined): string {
  assertFolder(cwd);
  if (command.includes("/")) return executable(resolve(cwd, command)) ?? refuse("EACCES", `${command} is not an executable file`);
  let denied = false;
  for (const folder of (searchPath ?? "/usr/bin:/bin").split(":")) {
    try {
      const file = executable(resolve(cwd, folder || ".", command));
      if (file !== undefined) return file;
      denied = true;
    } catch {
      // Not in this folder.
    }
  }
  return refuse(denied ? "EACCES" : "ENOENT", denied ? `${command} is not an executable file` : `${command} was not found in PATH`);
}

/** The error of a start that failed. */
export function spawnFailed(errno: string, what: string, cause?: unknown): AnodeError {
  return new AnodeError("spawn_failed", `The process did not start (${errno}): ${what}.`, { details: { errno }, cause });
}

/** The file, or `undefined` when it may not be executed. @throws `spawn_failed` when it is not there */
function executable(file: string): string | undefined {
  let isFile: boolean;
  try {
    isFile = statSync(file).isFile();
  } catch (error) {
    return refuse(errnoOf(error), `${file} cannot be opened`);
  }
  try {
    accessSync(file, constants.X_OK);
    return isFile ? file : undefined;
  } catch {
    return undefined;
  }
}

function assertFolder(cwd: string): void {
  let isFolder: boolean;
  try {
    isFolder = statSync(cwd).isDirectory();
  } catch (error) {
    return refuse(errnoOf(error), `the folder ${cwd} cannot be opened`);
  }
  if (!isFolder) refuse("ENOTDIR", `${cwd} is not a folder`);
}

/** The name of a system error, as `ENOENT`. */
export function errnoOf(error: unknown): string {
  const code = codeOf(error) ?? "";
  // What Node refuses by itself before it asks the system: a NUL in an argument or path.
  return /^E[A-Z0-9]+$/.test(code) ? code : "EINVAL";
}

function refuse(errno: string, what: string): never {
  throw spawnFailed(errno, what);
}
