import { userInfo } from "node:os";
import { join } from "node:path";

/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The user's folder: `$HOME`, or what the system has on the user where that is empty. `homedir()` would answer "". */
export function userHome(env: Environment = process.env): string {
  return env["HOME"] || userInfo().homedir;
}

/** The one home folder: `$ANODE_HOME`, else `~/.config/anode`. */
export function homeFolder(env: Environment = process.env): string {
  return env["ANODE_HOME"] || join(userHome(env), ".config", "anode");
}
