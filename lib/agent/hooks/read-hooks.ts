import { existsSync } from "node:fs";
import { join } from "node:path";
import { AnodeError, isAnodeError } from "../../errors.js";
import { messageOf } from "../../thrown.js";
import type { Notice } from "../notices.js";
import { type Hook, readHookFile } from "./hook-file.js";

/** The hooks of all files, in their order; those of a workspace only when it is trusted. */
export async function readHooks(home: string, root: string, isTrusted: boolean, notice: Notice): Promise<Hook[]> {
  const inWorkspace = [join(root, ".anode/hooks.json"), join(root, "hooks.json")];
  try {
    const own = await readHookFile(join(home, "hooks.json"));
    if (isTrusted) return [...own, ...(await Promise.all(inWorkspace.map(readHookFile))).flat()];
    const ignored = inWorkspace.filter((path) => existsSync(path));
    if (ignored.length > 0)
      await notice(
        "warning",
        "hooks_untrusted",
        `${ignored.join(", ")}: hooks of a workspace run only when it is trusted (anode mcp trust).`,
      );
    return own;
  } catch (error) {
    // Hooks may be there to forbid: a run without them is not what was asked for.
    if (isAnodeError(error)) throw error;
    throw new AnodeError("executor_error", messageOf(error), { cause: error });
  }
}
