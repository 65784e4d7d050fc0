import { promises, statSync } from "node:fs";
import { AnodeError, type Host } from "../../lib/index.js";
import { codeOf } from "../../lib/thrown.js";

const lookMs = 5_000;

/**
 * Looks from time to time whether our lock file still lies at its path. Where it does not (the home was removed, moved or
 * unmounted), nobody finds us there, another daemon may take our place, and what is committed to files without a name is
 * gone with this process: so it is over. The returned function ends the watch.
 */
export function watchHome(lock: string, host: Pick<Host, "clock" | "log">, lost: (error: AnodeError) => void): () => void {
  const { dev, ino } = statSync(lock, { bigint: true });
  let isOver = false;
  let cancel = host.clock.schedule(look, lookMs);

  function look(): void {
    void isGone().then((gone) => {
      if (isOver) return;
      if (!gone) cancel = host.clock.schedule(look, lookMs);
      else {
        host.log("error", "daemon.home_lost", { lock });
        lost(new AnodeError("store_failed", `${lock} must stay where it is, it was removed, moved or unmounted: the daemon ends.`));
      }
    });
  }

  async function isGone(): Promise<boolean> {
    try {
      const found = await promises.stat(lock, { bigint: true });
      return found.dev !== dev || found.ino !== ino;
    } catch (error) {
      // Whatever else keeps us from looking says nothing.
      return codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR";
    }
  }

  return () => {
    isOver = true;
    cancel();
  };
}
