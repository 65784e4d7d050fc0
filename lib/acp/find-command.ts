import { accessSync, constants, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";

/**
 * The file a command means: by its own path, or in a folder of the search path. Relative folders are passed over: what
 * lies in a workspace is not an installed agent.
 */
export function findCommand(command: string, searchPath: string | undefined): string | undefined {
  if (isAbsolute(command)) return isExecutable(command) ? command : undefined;
  if (command.includes("/")) return undefined;
  const folders = (searchPath ?? "/usr/bin:/bin").split(":").filter(isAbsolute);
  return folders.map((folder) => join(folder, command)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
