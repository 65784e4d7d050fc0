import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { AnodeError } from "../errors.js";
import { type HeldFile, holdFile } from "../node/index.js";

/** Keeps the sessions of agents apart: in each works one run at a time, whichever process of ours it is in. */
export interface SessionHold {
  /** Takes the session for the run; a second time it is there already. @throws `session_busy` */
  take(sessionId: string): void;
  /** Idempotent. */
  release(): void;
}

/** @param folder - the locks of those who share it; without one nobody is kept out */
export function createSessionHold(folder: string | undefined): SessionHold {
  let held: string | undefined;
  let lock: HeldFile | undefined;
  return {
    take(sessionId) {
      if (folder === undefined || held === sessionId) return;
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      // What an agent calls its sessions may be no name of a file.
      const name = createHash("sha256").update(sessionId).digest("hex").slice(0, 32);
      lock = holdFile(join(folder, `${name}.lock`), { isPassing: true });
      if (!lock) throw new AnodeError("session_busy", "The agent's session has an active run, in this or in another process.");
      held = sessionId;
    },
    release: () => lock?.release(),
  };
}
